import { request } from 'node:https'
import { TwiinError, codeOf } from '@twiin/runtime'

interface Call {
  url: string
  /** Below `/api/v1`. */
  path: string
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Record<string, string>
  body?: string
  /** PEM; the public authorities without it. */
  ca?: string
  maxBytes: number
  timeoutMs: number
}

/**
 * One call to a registry, on a connection of its own. Throws REGISTRY_UNREACHABLE, whose fact `why` is the code of what
 * stood in between: ENOTFOUND, ECONNREFUSED, ETIMEDOUT, ANSWER_TOO_LARGE, a TLS code.
 */
export function callRegistry(options: Call): Promise<{ status: number; body: string }> {
  const { url, path, body, maxBytes, timeoutMs, ca, method = 'GET', headers = {} } = options
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new TwiinError('REGISTRY_UNREACHABLE', { url, path, why: codeOf(cause) }, { cause }))
    const how = { method, headers, agent: false, timeout: timeoutMs, ...(ca !== undefined && { ca }) }
    const call = request(new URL(`/api/v1${path}`, url), how, (incoming) => {
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= maxBytes) return void chunks.push(chunk)
        // First of all: its end may be here already, and would pass for the end of a whole answer.
        fail(new TwiinError('ANSWER_TOO_LARGE', { maxBytes }))
        call.destroy()
      })
      incoming.on('error', fail)
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    call.on('timeout', () => call.destroy(new TwiinError('ETIMEDOUT', { timeoutMs })))
    call.on('error', fail)
    call.end(body)
  })
}
