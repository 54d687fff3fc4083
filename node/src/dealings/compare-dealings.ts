import type { OwnDealing } from './day-dealings.ts'

/** What the two accounts do not agree on. Spec 07 §9. */
export interface Discrepancy {
  readonly requestId: string
  readonly code: 'UNKNOWN_HERE' | 'UNKNOWN_THERE' | 'COUNT_DIFFERS'
  /** `event/outcome` at each end, and how many instances each says. */
  readonly here: readonly string[]
  readonly there: readonly string[]
  readonly given?: number
  readonly received?: number
}

/** An entry that one end has, and those of which the other needs one. Any outcome, unless it is named. */
const counterparts: readonly (readonly [event: string, atOtherEnd: readonly string[]])[] = [
  ['study-released/', ['retrieve-requested/', 'send-received/']],
  ['study-served/', ['retrieve-requested/', 'send-received/']],
  ['study-received/success', ['study-released/']],
  ['send-received/success', ['send/']],
  ['receipt/', ['send-received/']],
]
const ofSearch = ['search-answered/', 'search-refused/']

interface Accounts {
  readonly ours: readonly OwnDealing[]
  /** Our searches: they are with nobody in particular. */
  readonly searches: readonly OwnDealing[]
  readonly theirs: readonly OwnDealing[]
}

/** A pure function: the same two accounts give the same list. */
export function compareDealings({ ours, searches, theirs }: Accounts): Discrepancy[] {
  const here = new Map(ours.map((dealing) => [dealing.requestId, dealing]))
  const there = new Map(theirs.map((dealing) => [dealing.requestId, dealing]))
  const searched = new Set(searches.map(({ requestId }) => requestId))
  const ids = [...new Set([...here.keys(), ...there.keys()])].sort()
  return ids.flatMap((requestId): Discrepancy[] => {
    const [own, other] = [here.get(requestId), there.get(requestId)]
    if (own?.settled !== true && other?.settled !== true) return []
    const said = { requestId, here: own?.events ?? [], there: other?.events ?? [] }
    const isAskedBySearch = has(other?.events, ofSearch) && !searched.has(requestId)
    if (other?.settled === true && (isAskedBySearch || lacks(other.events, own?.events)))
      return [{ ...said, code: 'UNKNOWN_HERE' }]
    if (own?.settled === true && lacks(own.events, other?.events)) return [{ ...said, code: 'UNKNOWN_THERE' }]
    if (own === undefined || other === undefined) return []
    return [...countsOf(said, own, other), ...countsOf(said, other, own)].slice(0, 1)
  })
}

const has = (events: readonly string[] = [], wanted: readonly string[]) =>
  events.some((event) => wanted.some((start) => event.startsWith(start)))

/** Whether an entry of these has no counterpart among those. */
const lacks = (events: readonly string[], others: readonly string[] = []) =>
  counterparts.some(([event, atOtherEnd]) => has(events, [event]) && !has(others, atOtherEnd))

/** Both ended with success: then what was received is what the manifests named, study for study. */
function countsOf(
  said: Pick<Discrepancy, 'requestId' | 'here' | 'there'>,
  giver: OwnDealing,
  receiver: OwnDealing,
): Discrepancy[] {
  if (giver.givenStudies === 0 || giver.givenStudies !== receiver.receivedStudies) return []
  if (giver.given === receiver.received) return []
  return [{ ...said, code: 'COUNT_DIFFERS', given: giver.given, received: receiver.received }]
}
