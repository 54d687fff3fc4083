import type { ActivityReport } from '@twiin/protocol'
import type { KnownKey, Register } from '../ledger/register.ts'

/** A count that may be shown: from one to four it could point at somebody, so it is null and shown as `<5`. */
export type SafeCount = number | null
const smallestShown = 5
export const safe = (count: number): SafeCount => (count > 0 && count < smallestShown ? null : count)

export interface HalfMonthFigures {
  readonly studies: SafeCount
  readonly discsReplaced: SafeCount
}

export interface MonthFigures {
  /** `2026-11`, by the calendar of Amsterdam. */
  readonly month: string
  /** Days 1–15, days 16–end. */
  readonly halves: readonly [HalfMonthFigures, HalfMonthFigures]
  readonly studies: SafeCount
}

/** What anybody may know of the network: no patient, no hospital's own volume. spec 06 §9 */
export interface PublicFigures {
  readonly coverage: {
    /** UMCs and hospitals; `total` is how many there are in the country, or as many as are members. */
    readonly hospitals: { readonly exchanging: number; readonly total: number }
    readonly clinics: { readonly exchanging: number; readonly joined: number }
  }
  /** Exchanging at the end of each month. */
  readonly history: readonly {
    readonly month: string
    readonly hospitals: number
    readonly clinics: number
  }[]
  readonly months: readonly MonthFigures[]
  /** Exchanging members by integration level, 1 to 4. */
  readonly byLevel: Readonly<Record<'1' | '2' | '3' | '4', number>>
}

export function publicFigures(
  register: Register,
  reports: Iterable<ActivityReport>,
  options: { now: number; hospitals: number; studiesPerDisc: number },
): PublicFigures {
  const { now, hospitals, studiesPerDisc } = options
  const members = currentMembers(register, now)
  const exchanging = members.filter(({ exchangingSince }) => exchangingSince !== undefined)
  const count = (keys: readonly KnownKey[], clinics: boolean) =>
    keys.filter((key) => isClinic(key) === clinics).length
  return {
    coverage: {
      hospitals: {
        exchanging: count(exchanging, false),
        total: Math.max(hospitals, count(members, false)),
      },
      clinics: { exchanging: count(exchanging, true), joined: count(members, true) },
    },
    history: historyOf(register, now),
    // What a key said that was revoked is nobody's word any more.
    months: monthsOf(
      [...reports].filter(({ peerId }) => register.keys.get(peerId)?.ended?.state !== 'revoked'),
      studiesPerDisc,
    ),
    byLevel: byLevel(exchanging),
  }
}

const isClinic = ({ application }: KnownKey) => application?.category === 'clinic'

/** One key a clinic: the one bound last, while it is in use. */
function currentMembers(register: Register, now: number): KnownKey[] {
  const members = new Map<string, KnownKey>()
  for (const key of register.keys.values())
    if (key.role === 'member' && register.isActive(key.peerId, now)) members.set(key.ura, key)
  return [...members.values()]
}

/** From the month in which the first member was exchanging. A key that ended counts until the month it ended in. */
function historyOf(register: Register, now: number): PublicFigures['history'] {
  const keys = [...register.keys.values()].filter(({ exchangingSince }) => exchangingSince !== undefined)
  const first = Math.min(...keys.map(({ exchangingSince = Infinity }) => exchangingSince))
  const history = []
  for (let month = monthOf(first); first <= now && month <= monthOf(now); month = monthAfter(month)) {
    const running = keys.filter(
      ({ exchangingSince = Infinity, ended }) =>
        monthOf(exchangingSince) <= month && (ended === undefined || monthOf(ended.at) > month),
    )
    const clinics = new Set(running.filter(isClinic).map(({ ura }) => ura)).size
    const all = new Set(running.map(({ ura }) => ura)).size
    history.push({ month, hospitals: all - clinics, clinics })
  }
  return history
}

/** Received studies are counted, by who received them: what was sent is the same studies again. */
function monthsOf(reports: Iterable<ActivityReport>, studiesPerDisc: number): MonthFigures[] {
  const sums = new Map<string, [number, number]>()
  for (const { month, halves } of reports) {
    const sum = sums.get(month) ?? [0, 0]
    sums.set(month, [sum[0] + halves[0].received, sum[1] + halves[1].received])
  }
  const half = (studies: number) => ({
    studies: safe(studies),
    discsReplaced: studies < smallestShown ? safe(studies) : Math.floor(studies / studiesPerDisc),
  })
  return [...sums]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([month, [first, second]]) => ({
      month,
      halves: [half(first), half(second)] as const,
      // With one half shown and the other not, the sum would give the other away.
      studies: safe(first) === null || safe(second) === null ? null : first + second,
    }))
}

function byLevel(exchanging: readonly KnownKey[]): PublicFigures['byLevel'] {
  const levels = { 1: 0, 2: 0, 3: 0, 4: 0 }
  for (const { application } of exchanging) levels[(application?.level ?? 3) as 1 | 2 | 3 | 4]++
  return levels
}

const calendar = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Amsterdam',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
})
const monthOf = (at: number) => (Number.isFinite(at) ? calendar.format(at).slice(0, 7) : '9999-12')

function monthAfter(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`
}

/** RFC 4180, for spreadsheets: one line a half-month. */
export function figuresAsCsv(figures: PublicFigures): string {
  const lines = figures.months.flatMap(({ month, halves }) =>
    halves.map(({ studies, discsReplaced }, i) =>
      [month, i + 1, studies ?? '<5', discsReplaced ?? '<5'].join(','),
    ),
  )
  return ['month,half,studies,discs_replaced', ...lines].map((line) => `${line}\r\n`).join('')
}
