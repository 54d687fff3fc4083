import { randomUUID } from 'node:crypto'

/** A part of an answer: its headers, and bytes that are read when their turn comes. */
export interface Part {
  headers: Readonly<Record<string, string>>
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** `multipart/related` (RFC 2387), written as its reader takes it: never more of it in memory than one piece. */
export function multipart(type: string): {
  contentType: string
  write: (parts: AsyncIterable<Part>) => AsyncGenerator<Uint8Array>
} {
  const boundary = randomUUID()
  return {
    contentType: `multipart/related; type="${type}"; boundary=${boundary}`,
    write: (parts) => writeParts(parts, boundary),
  }
}

async function* writeParts(parts: AsyncIterable<Part>, boundary: string): AsyncGenerator<Uint8Array> {
  for await (const { headers, body } of parts) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    yield Buffer.from(`--${boundary}\r\n${lines.join('')}\r\n`)
    yield* body
    yield Buffer.from('\r\n')
  }
  yield Buffer.from(`--${boundary}--\r\n`)
}
