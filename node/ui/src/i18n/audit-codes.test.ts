import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { auditTexts as en } from './en-audit.ts'
import { auditTexts as nl } from './nl-audit.ts'

const root = join(import.meta.dirname, '../../../..')
/** What stands in a source between these two, in capitals or as the log writes it. */
function codesIn(file: string, from: string, to: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const start = text.indexOf(from)
  const part = text.slice(start, text.indexOf(to, start + from.length))
  const found = [...part.matchAll(/'([A-Za-z][A-Za-z_-]+)'/g)].map(([, code = '']) => code)
  return found.map((code) => code.toUpperCase().replaceAll('-', '_'))
}

it.each([
  ['what changed about an account', 'node/src/people/record-people.ts', 'type AccountChange =', '\n\n'],
  ['how a box ends', 'node/src/emergency/emergency-use.ts', 'type EndReason =', '\n'],
  ['verdicts of emergencies', 'node/src/emergency/emergency-use.ts', 'const verdicts =', '\n'],
  ['verdicts of entries', 'node/src/audit-review/audit-reviews.ts', 'const verdicts =', '\n'],
  ['differences', 'node/src/dealings/compare-dealings.ts', 'readonly code:', '\n'],
  ['too many differences', 'node/src/dealings/reconciling.ts', "| 'MANY", '\n'],
  ['heads that were refused', 'node/src/anchor/anchor-witness.ts', 'function refusalOf', '\n}'],
  ['refusals that were counted', 'node/src/account/account.ts', 'reason: ', ','],
  ['second steps that were wrong', 'node/src/shares/share-life.ts', "refused', reason: ", '}'],
  ['shares that were locked', 'node/src/shares/share-door.ts', 'reason: ', ','],
  ['forgeries', 'node/src/composition/peer-protocols.ts', 'const forgeries', '\n'],
])('the audit log has words for %s in both languages', (_, file, from, to) => {
  const codes = codesIn(file, from, to)
  expect(codes.length).toBeGreaterThan(0)
  for (const { auditCodes } of [nl, en])
    expect(codes.filter((code) => (auditCodes as Record<string, string>)[code] === undefined)).toEqual([])
})
