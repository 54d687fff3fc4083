import type { TransferRecord } from './transfer-record.ts'

const laneOf = ({ urgent, background }: TransferRecord) => (background === true ? 2 : urgent ? 0 : 1)

/** spec 17 §1: urgent, routine, background; in each the oldest first; the same order every time. */
export function inOrder(a: TransferRecord, b: TransferRecord): number {
  return laneOf(a) - laneOf(b) || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)
}

/**
 * Whether there is a place for this one beside those that run. What others bring waits for its own half of the places,
 * and one other hospital never takes more than half of those it could have: however much a peer offers, and however
 * slowly it sends, a retrieval here finds a place. What nobody waits for gets one place, and never the last.
 */
export function hasRoom(
  record: TransferRecord,
  running: readonly TransferRecord[],
  concurrent: number,
): boolean {
  if (running.length >= concurrent) return false
  if (record.background === true) {
    const isLastPlace = concurrent > 1 && running.length >= concurrent - 1
    if (isLastPlace || running.some(({ background }) => background === true)) return false
  }
  const arrivals = running.filter(({ kind }) => kind === 'arrival')
  if (record.kind === 'arrival' && arrivals.length >= Math.max(1, Math.floor(concurrent / 2))) return false
  const sameKindAndPeer = running.filter(
    ({ kind, counterparty }) => kind === record.kind && counterparty.ura === record.counterparty.ura,
  )
  const share = record.kind === 'arrival' ? concurrent / 4 : concurrent / 2
  return sameKindAndPeer.length < Math.max(1, Math.floor(share))
}
