import { isTimeZone } from '../routing/judge-rules.ts'
import type { Settings } from './settings.ts'

/** A rule is named in the audit, so a name is of one rule; and hours are of a place that exists. */
export function ruleErrors({ routing: { rules, timeZone } }: Settings): string[] {
  const names = rules.map(({ name }) => name.toLowerCase())
  const twice = names.flatMap((name, at) =>
    names.indexOf(name) === at ? [] : [`/routing/rules/${at}/name is that of another rule`],
  )
  return isTimeZone(timeZone) ? twice : [...twice, '/routing/timeZone is none']
}
