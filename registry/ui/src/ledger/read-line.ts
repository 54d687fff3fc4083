/** What a line of the ledger says, as far as a page needs it. What is missing or odd is undefined, never a fault. */
export interface LedgerLine {
  index: number
  /** As it stands in the ledger, byte for byte. */
  line: string
  act: string | undefined
  /** Milliseconds since the Unix epoch. */
  at: number | undefined
  /** Pseudonyms of people; `console` is whoever has the machine. */
  by: readonly string[]
  peerId: string | undefined
  ura: string | undefined
  /** Name of the organisation, when the line has it. */
  name: string | undefined
  reason: string | undefined
  /** Kind of what was asked for. */
  asked: string | undefined
  fields: Readonly<Record<string, unknown>>
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

export function readLine(index: number, line: string): LedgerLine {
  const fields = parse(line)
  const application = record(fields.application)
  const request = record(fields.request)
  const by = Array.isArray(fields.by) ? (fields.by as unknown[]) : [fields.by]
  return {
    index,
    line,
    act: text(fields.act),
    at: typeof fields.at === 'number' ? fields.at : undefined,
    by: by.filter((one) => typeof one === 'string'),
    peerId: text(fields.peerId) ?? text(request.peerId),
    ura: text(fields.ura) ?? text(application.ura) ?? text(request.ura),
    name: text(fields.name) ?? text(application.organisation),
    reason: text(fields.reason) ?? text(request.reason),
    asked: text(request.kind),
    fields,
  }
}

function parse(line: string): Record<string, unknown> {
  try {
    return record(JSON.parse(line))
  } catch {
    return {}
  }
}
