import type { IncomingHttpHeaders } from 'node:http'

export interface ReadPart {
  headers: Record<string, string>
  body: Buffer
}

/** The parts of a multipart answer, read by its boundary: independent of how it was written. */
export function readParts(answer: { headers: IncomingHttpHeaders; body: Buffer }): ReadPart[] {
  const boundary = /boundary="?([^";]+)/.exec(answer.headers['content-type'] ?? '')?.[1]
  if (boundary === undefined) throw new Error(`no multipart: ${answer.headers['content-type']}`)
  const delimiter = Buffer.from(`--${boundary}`)
  const parts: ReadPart[] = []
  for (let at = answer.body.indexOf(delimiter); ;) {
    const start = at + delimiter.length
    if (answer.body.subarray(start, start + 2).toString() === '--') return parts
    const next = answer.body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), start)
    if (next < 0) throw new Error('a part without an end')
    const part = answer.body.subarray(start + 2, next)
    const end = part.indexOf('\r\n\r\n')
    const headers = part.subarray(0, end).toString().split('\r\n')
    parts.push({
      headers: Object.fromEntries(headers.map(nameAndValue)),
      body: part.subarray(end + 4),
    })
    at = next + 2
  }
}

function nameAndValue(line: string): [string, string] {
  const at = line.indexOf(': ')
  return [line.slice(0, at).toLowerCase(), line.slice(at + 2)]
}
