import { request } from 'node:https'
import { TwiinError, codeOf } from '@twiin/runtime'

export interface RegistryAnswer {
  status: number
  headers: Readonly<Record<string, string | undefined>>
  body: Buffer
}

export interface RegistryCall {
  body?: Uint8Array | string
  headers?: Record<string, string>
  /** Default 8 MiB. */
  maxBytes?: number
  /** Without a sign of life for so long the call has failed. Default 10 s; a request that is held open needs more. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** HTTPS to the registry, trusting only its own CA. Throws `REGISTRY_UNREACHABLE` (fact `why`: ENOTFOUND, ECONNREFUSED, ETIMEDOUT, a TLS code), `REGISTRY_ANSWER_TOO_LARGE`. */
export class RegistryClient {
  readonly #url: URL
  readonly #ca: string

  constructor(options: { url: string; ca: string }) {
    this.#url = new URL(options.url)
    this.#ca = options.ca
  }

  async call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    options: RegistryCall = {},
  ): Promise<RegistryAnswer> {
    const { body, headers = {}, maxBytes = 8 * 1024 * 1024, timeoutMs = 10_000, signal } = options
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) =>
        reject(
          cause instanceof TwiinError
            ? cause
            : new TwiinError(
                'REGISTRY_UNREACHABLE',
                { url: `${this.#url.origin}${path}`, why: codeOf(cause) },
                { cause },
              ),
        )
      const call = request(
        new URL(path, this.#url),
        {
          ...{ method, headers, ca: this.#ca, minVersion: 'TLSv1.2', timeout: timeoutMs, agent: false },
          ...(signal && { signal }),
        },
        (answer) => {
          const chunks: Buffer[] = []
          let size = 0
          answer.on('data', (chunk: Buffer) => {
            size += chunk.byteLength
            if (size <= maxBytes) return void chunks.push(chunk)
            // First of all: its end may be here already, and would pass for the end of a whole answer.
            fail(new TwiinError('REGISTRY_ANSWER_TOO_LARGE', { path, maxBytes }))
            call.destroy()
          })
          answer.on('error', fail)
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers as Record<string, string | undefined>,
              body: Buffer.concat(chunks),
            }),
          )
        },
      )
      call.on('timeout', () => call.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
      call.on('error', fail)
      call.end(body)
    })
  }
}
