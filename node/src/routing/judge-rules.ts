import { isOneOf, wordsOf } from './match-words.ts'
import type { Rule } from './routing-settings.ts'

/** What rules are judged by. */
export interface StudyFacts {
  readonly modalities: readonly string[]
  readonly bodyParts: readonly string[]
  readonly description: string
  readonly department: string
  readonly referringDepartment: string
  /** As the images state it: `STAT`, `HIGH`, …; '' when they do not. */
  readonly priority: string
  readonly calledAe: string
  readonly callingAe: string
  /** Another hospital made it, or a copy of it: it is never routed (spec 17 §4). */
  readonly isFromElsewhere: boolean
}

type Condition = keyof Rule['when']
export interface Judged {
  readonly rule: Rule
  readonly matches: boolean
  /** Conditions that do not hold. */
  readonly failing: readonly Condition[]
}

/** Every rule with what became of it, up to the first matching one that says `stop`. */
export function judgeRules(
  rules: readonly Rule[],
  study: StudyFacts,
  moment: { at: number; timeZone: string },
): Judged[] {
  const judged: Judged[] = []
  for (const rule of rules) {
    const conditions = Object.keys(rule.when) as Condition[]
    const failing = conditions.filter((condition) => !holds(condition, rule.when, study, moment))
    const matches = failing.length === 0 && !study.isFromElsewhere
    judged.push({ rule, matches, failing })
    if (matches && rule.stop) break
  }
  return judged
}

/** Those that send; of several with one recipient and mailbox the first. */
export function firing(judged: readonly Judged[]): (Rule & { to: NonNullable<Rule['to']> })[] {
  const rules = new Map<string, Rule & { to: NonNullable<Rule['to']> }>()
  for (const { rule, matches } of judged) {
    const { to } = rule
    if (!matches || to === undefined) continue
    const recipient = `${to.ura} ${to.mailbox ?? ''}`
    if (!rules.has(recipient)) rules.set(recipient, { ...rule, to })
  }
  return [...rules.values()]
}

function holds(
  condition: Condition,
  when: Rule['when'],
  study: StudyFacts,
  { at, timeZone }: { at: number; timeZone: string },
): boolean {
  switch (condition) {
    case 'modality':
      return isOneOf(when.modality, study.modalities)
    case 'bodyPart':
      return isOneOf(when.bodyPart, study.bodyParts)
    case 'department':
      return isOneOf(when.department, [study.department])
    case 'referringDepartment':
      return isOneOf(when.referringDepartment, [study.referringDepartment])
    case 'priority':
      return isOneOf(when.priority, [study.priority])
    case 'calledAe':
      return isOneOf(when.calledAe, [study.calledAe])
    case 'callingAe':
      return isOneOf(when.callingAe, [study.callingAe])
    case 'descriptionWords':
      return isOneOf(when.descriptionWords, wordsOf(study.description))
    case 'hours':
      return when.hours === undefined || isWithin(when.hours, localTime(at, timeZone).time)
    case 'weekdays': {
      const { weekday } = localTime(at, timeZone)
      return when.weekdays === undefined || when.weekdays.some((day) => day === weekday)
    }
  }
}

/** `18:00-07:30` goes over midnight; the end is not in it. */
function isWithin(hours: string, time: string): boolean {
  const [from = '', to = ''] = hours.split('-')
  return from <= to ? time >= from && time < to : time >= from || time < to
}

function localTime(at: number, timeZone: string): { weekday: string; time: string } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  }).formatToParts(at)
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  return { weekday: part('weekday').slice(0, 2).toLowerCase(), time: `${part('hour')}:${part('minute')}` }
}

export function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
