import type { AuditLine } from '../api-types.ts'

/** Lines of one day that say the same of the same people: shown as one, in the place of the first. */
export interface AuditGroup {
  readonly first: AuditLine
  readonly rest: readonly AuditLine[]
}

export function groupAlike(lines: readonly AuditLine[]): AuditGroup[] {
  const groups = Map.groupBy(
    lines,
    ({ at, event, outcome, reason, user, account, peer, patient, emergency }) =>
      JSON.stringify([
        ...[at.slice(0, 10), event, outcome, reason, user?.id, account, peer?.ura, emergency],
        ...[patient?.citizenNumber, patient?.localId],
      ]),
  )
  return [...groups.values()].flatMap(([first, ...rest]) => (first === undefined ? [] : [{ first, rest }]))
}
