import { request } from 'node:https'

const mostAnswer = 1024 * 1024

interface Asked {
  method: string
  headers: Record<string, string>
  /** A form, for the token. */
  body?: unknown
  signal?: AbortSignal | undefined
}

/** What `fetch` does for a log-in, to servers of one's own certificates alone: `fetch` cannot be told which to trust. */
export function fetchThrough({ ca }: { ca: Buffer }): (url: string, options: Asked) => Promise<Response> {
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const asking = request(
        url,
        { method, headers, ca, ...(signal !== undefined && { signal }) },
        (answer) => {
          const pieces: Buffer[] = []
          let bytes = 0
          answer.on('data', (piece: Buffer) => {
            bytes += piece.length
            if (bytes > mostAnswer) answer.destroy(new TypeError('answer too long'))
            else pieces.push(piece)
          })
          answer.on('error', reject)
          answer.on('end', () => {
            const type = answer.headers['content-type']
            resolve(
              new Response(Buffer.concat(pieces), {
                status: answer.statusCode ?? 500,
                ...(type !== undefined && { headers: { 'content-type': type } }),
              }),
            )
          })
        },
      )
      // As `fetch` does: what did not come through is a TypeError.
      asking.on('error', (error) => reject(signal?.aborted === true ? error : new TypeError(error.message)))
      asking.end(body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : undefined)
    })
}
