import type { ActivityReport } from '@twiin/protocol'
import type { TransferRecord } from '../transfers/transfer-record.ts'

export type HalfMonth = ActivityReport['halves'][number]

/** A transfer is tried for a week at most, so one that ended in a month began at most so long before it. */
const longestTransferMs = 8 * 86_400_000
const pageSize = 500

/** Something that lists transfers, newest first. */
export interface TransferList {
  list(range: { after?: string; limit: number }): Promise<TransferRecord[]>
}

/**
 * What was delivered in one month, days 1–15 and 16–end apart: counts only (spec 06 §9). A study counts when the PACS, or
 * the viewer, of the one who asked for it has it; what a hospital fetches from itself never does.
 */
export async function countActivity(
  month: string,
  { transfers, self }: { transfers: TransferList; self: { peerId: string } },
): Promise<[HalfMonth, HalfMonth]> {
  const halves: [Counter, Counter] = [newCounter(), newCounter()]
  const earliest = Date.parse(`${month}-01T00:00:00Z`) - longestTransferMs
  let after: string | undefined
  for (;;) {
    const page = await transfers.list({ limit: pageSize, ...(after === undefined ? {} : { after }) })
    for (const record of page) {
      const [ended, day] = monthAndDay(record.updatedAt)
      const isCounted = record.state === 'delivered' && record.counterparty.peerId !== self.peerId
      if (isCounted && ended === month) count(record, day <= 15 ? halves[0] : halves[1])
    }
    const last = page.at(-1)
    if (page.length < pageSize || last === undefined || last.createdAt < earliest) return halves
    after = last.id
  }
}

/** `2026-11` and the day, as the calendar in Amsterdam has it. */
export function monthAndDay(at: number): [month: string, day: number] {
  const date = calendar.format(at)
  return [date.slice(0, 7), Number(date.slice(8, 10))]
}

const calendar = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Amsterdam',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
})

type Counter = { -readonly [Field in keyof HalfMonth]: number }
const newCounter = (): Counter => ({ sent: 0, received: 0, bytesReceived: 0 })

function count(record: TransferRecord, half: Counter): void {
  // A disc was exchanged with nobody.
  if (record.kind === 'disc') return
  const studies = record.kind === 'retrieval' ? 1 : record.studyInstanceUids.length
  if (record.kind === 'send') half.sent += studies
  else {
    half.received += studies
    half.bytesReceived += record.bytes.done
  }
}
