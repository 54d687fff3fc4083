import type { Certificate, KnownOrganisation, LogState, Review } from '../api-types.ts'

export type Alarm = { tone: 'bad' | 'warning'; to: string } & (
  | { kind: 'emergency'; by: string; name: string }
  | { kind: 'ending' | 'endingToday' | 'ended'; name: string; count: number }
  | { kind: 'suspended' | 'testFailed'; name: string }
  | { kind: 'fewWitnesses'; count: number; quorum: number }
  | { kind: 'oldCosign' | 'founding'; at: string }
  | { kind: 'neverCosigned' | 'behind' | 'unconfirmed' }
)

interface Known {
  now: number
  certificates: readonly Certificate[]
  organisations: readonly KnownOrganisation[]
  reviews: readonly Review[]
  log: LogState | undefined
}

/** A node renews after ten of thirty days: who has less than this left has not managed to. */
const soonDays = 14
/** Witnesses sign within seconds; the bundle alone makes a line every hour. */
const oldCosignMs = 2 * 3_600_000

/** What is not as it should be, the worst first. */
export function alarmsOf({ now, certificates, organisations, reviews, log }: Known): Alarm[] {
  const alarms: Alarm[] = [
    ...logAlarms(log, now),
    ...reviews.map(({ by, name, serial }): Alarm => ({
      kind: 'emergency',
      tone: 'bad',
      by,
      name,
      to: `/beheer/certificaten?toon=${serial}`,
    })),
    ...newestOf(certificates).flatMap(endingAlarm),
    ...organisations.flatMap(({ state, name, ura, selfTest }): Alarm[] => {
      const to = `/beheer/organisaties?toon=${ura}`
      if (state === 'suspended') return [{ kind: 'suspended', tone: 'warning', name, to }]
      return selfTest?.passed === false ? [{ kind: 'testFailed', tone: 'warning', name, to }] : []
    }),
  ]
  return alarms.sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'))
}

/** The newest certificate of each key; the others were replaced by it. */
export function newestOf(certificates: readonly Certificate[]): Certificate[] {
  const newest = new Map<string, Certificate>()
  for (const one of certificates) {
    const other = newest.get(one.peerId)
    if (other === undefined || other.notAfter <= one.notAfter) newest.set(one.peerId, one)
  }
  return [...newest.values()]
}

function endingAlarm({ name, serial, status, daysLeft }: Certificate): Alarm[] {
  const to = `/beheer/certificaten?toon=${serial}`
  if (status === 'expired') return [{ kind: 'ended', tone: 'bad', name, count: daysLeft, to }]
  if (status !== 'valid' || daysLeft > soonDays) return []
  const kind = daysLeft === 0 ? 'endingToday' : 'ending'
  return [{ kind, tone: daysLeft > 3 ? 'warning' : 'bad', name, count: daysLeft, to }]
}

function logAlarms(log: LogState | undefined, now: number): Alarm[] {
  if (log === undefined) return []
  const to = '/beheer/netwerk'
  if (log.ledgerBehind === true) return [{ kind: 'behind', tone: 'bad', to }]
  if (log.ledgerUnconfirmed === true) return [{ kind: 'unconfirmed', tone: 'bad', to }]
  if (log.phase === 'founding') return [{ kind: 'founding', tone: 'warning', at: log.foundingEndsAt, to }]
  const { cosigned, witnesses, quorum, size } = log
  const few: Alarm[] =
    witnesses.length <= quorum
      ? [{ kind: 'fewWitnesses', tone: 'warning', count: witnesses.length, quorum: quorum + 1, to }]
      : []
  if (cosigned === undefined) return [...few, { kind: 'neverCosigned', tone: 'bad', to }]
  const isOld = cosigned.size < size && now - Date.parse(cosigned.at) > oldCosignMs
  return isOld ? [...few, { kind: 'oldCosign', tone: 'bad', at: cosigned.at, to }] : few
}
