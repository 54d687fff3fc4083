import type { AuditEntry, AuditLog, StoredEntry } from '@twiin/audit'
import type { Clock } from '@twiin/runtime'

/** What stands here about one request, as far as another member has to do with it. Nobody's data. */
export interface OwnDealing {
  /** 32 hex digits. */
  readonly requestId: string
  /** It has an entry of the day that was asked for, older than an hour. */
  readonly settled: boolean
  /** `event/outcome` */
  readonly events: readonly string[]
  readonly given: number
  readonly received: number
  readonly givenStudies: number
  readonly receivedStudies: number
}

/** One entry, without whom and what it is about. */
interface Line {
  readonly at: number
  readonly requestId: string
  readonly event: string
  readonly study: string | undefined
  readonly count: number
  readonly ura: string
}

const dayMs = 86_400_000
/** Both ends get this long (spec 07 §9). */
const settledMs = 3_600_000
/** Lines that a node keeps in memory of the last four days; what is older goes first. About 200 bytes each. */
const mostLines = 500_000

/** The entries of the last days that concern another member, read once, and then only what is new. */
export class DayDealings {
  readonly #log: AuditLog
  readonly #clock: Pick<Clock, 'now'>
  #lines: Line[] = []
  #readTo: number | undefined
  #reading: Promise<void> = Promise.resolve()

  constructor(deps: { log: AuditLog; clock: Pick<Clock, 'now'> }) {
    this.#log = deps.log
    this.#clock = deps.clock
  }

  /**
   * Requests between this hospital and the one of `ura` that have an entry within a day around `day` (`YYYY-MM-DD`, UTC; today
   * or up to two days back, else nothing), in the order of their ids. `ura` empty: those without another end, our searches.
   */
  async of(day: string, ura: string): Promise<OwnDealing[]> {
    await this.#readOn()
    const start = Date.parse(`${day}T00:00:00Z`)
    if (Number.isNaN(start) || start < this.#floor()) return []
    const near = this.#lines.filter(
      (line) => line.ura === ura && line.at >= start - dayMs && line.at < start + 2 * dayMs,
    )
    const settledBefore = Math.min(start + dayMs, this.#clock.now() - settledMs)
    return [...Map.groupBy(near, ({ requestId }) => requestId)]
      .map(([requestId, lines]) => ({
        requestId,
        settled: lines.some(({ at }) => at >= start && at < settledBefore),
        events: [...new Set(lines.map(({ event }) => event))].sort(),
        ...total(
          'given',
          ofEvent(lines, 'study-served/').filter(({ count }) => count > 0),
        ),
        ...total('received', ofEvent(lines, 'study-received/success')),
      }))
      .sort((a, b) => (a.requestId < b.requestId ? -1 : 1))
  }

  /** The first moment of the days it answers for. */
  #floor(): number {
    return Math.floor(this.#clock.now() / dayMs) * dayMs - 2 * dayMs
  }

  /** One reading at a time; who comes meanwhile waits for the next. */
  #readOn(): Promise<void> {
    const next = this.#reading.catch(() => {}).then(() => this.#read())
    this.#reading = next
    return next
  }

  async #read(): Promise<void> {
    const from = this.#floor() - dayMs
    this.#lines = this.#lines.filter(({ at }) => at >= from).slice(-mostLines)
    const range = this.#readTo === undefined ? { from } : { after: this.#readTo }
    for await (const stored of this.#log.entries(range)) {
      this.#readTo = stored.seq
      const line = lineOf(stored)
      if (line !== undefined) this.#lines.push(line)
    }
  }
}

function lineOf({ entry }: StoredEntry): Line | undefined {
  const { event, outcome, requestId = '', peer, objects, at } = entry
  if (!/^[0-9a-f]{32}$/.test(requestId) || !concernsTwo(entry)) return undefined
  return {
    ...{ at, requestId, event: `${event}/${outcome}` },
    study: objects?.studyInstanceUids?.length === 1 ? objects.studyInstanceUids[0] : undefined,
    count: (event === 'study-served' ? objects?.named : objects?.count) ?? 0,
    ura: peer?.ura ?? '',
  }
}

/** Spec 07 §9: what both ends have, or ought to. */
const compared: ReadonlySet<string> = new Set([
  ...['retrieve-requested', 'study-released', 'study-served', 'study-received'],
  ...['send', 'send-received', 'receipt', 'search', 'search-answered', 'search-refused', 'refused'],
])
/** A question about the contents of a study has a number of its own, that no search has (spec 13 §5). */
const concernsTwo = ({ event, protocol, peer }: AuditEntry) =>
  compared.has(event) && (event === 'search' || (peer?.ura ?? '') !== '') && protocol !== 'spec 13 §5'

const ofEvent = (lines: readonly Line[], event: string) =>
  lines.filter((line) => line.event.startsWith(event))

/** Of each study the most that any line says: a study is served over several channels, and again after a cut. */
function total<Name extends 'given' | 'received'>(name: Name, lines: readonly Line[]) {
  const studies = Map.groupBy(lines, ({ study }) => study)
  const most = [...studies.values()].map((each) => Math.max(...each.map(({ count }) => count)))
  return {
    [name]: most.reduce((sum, count) => sum + count, 0),
    [`${name}Studies`]: studies.size,
  } as Record<Name | `${Name}Studies`, number>
}
