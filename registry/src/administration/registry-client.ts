import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'

/** The two people whose bearer tokens are files beside the settings. */
export type TokenHolder = 'administrator' | 'approver'

const maxAnswer = 8 * 1024 * 1024

/** The administration API of a running registry, spoken by the command line with the tokens of the named people. */
export class RegistryClient {
  readonly #url: string
  readonly #ca: string
  readonly #tokens: Readonly<Record<TokenHolder, string>>

  constructor(options: { url: string; ca: string; tokens: Readonly<Record<TokenHolder, string>> }) {
    this.#url = options.url
    this.#ca = options.ca
    this.#tokens = options.tokens
  }

  /** The registry of these settings, as it runs on this machine. Throws REGISTRY_NOT_RUNNING. */
  static async of(settings: Settings): Promise<RegistryClient> {
    const read = async (file: string) => (await readFile(file, 'utf8')).trim()
    const runtime = await readFile(join(settings.dataDir, 'runtime.json'), 'utf8').catch((cause: unknown) => {
      throw new TwiinError('REGISTRY_NOT_RUNNING', { dataDir: settings.dataDir }, { cause })
    })
    const { url } = JSON.parse(runtime) as { url: string }
    const { administrator, approver } = settings.tokens
    const tokens = { administrator: await read(administrator), approver: await read(approver) }
    return new RegistryClient({ url, ca: await read(settings.http.caFile), tokens })
  }

  /** Throws the problem's code, or REGISTRY_UNREACHABLE. */
  async call<T>(
    as: TokenHolder,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
      const fail = (cause: Error) =>
        reject(
          new TwiinError('REGISTRY_UNREACHABLE', { url: this.#url, path, why: codeOf(cause) }, { cause }),
        )
      const call = request(
        new URL(`/api/v1${path}`, this.#url),
        {
          method,
          ca: this.#ca,
          agent: false,
          timeout: 15_000,
          headers: {
            authorization: `Bearer ${this.#tokens[as]}`,
            ...(text !== undefined && { 'content-type': 'application/json' }),
          },
        },
        (incoming) => {
          const chunks: Buffer[] = []
          let size = 0
          incoming.on('data', (chunk: Buffer) => {
            size += chunk.length
            if (size > maxAnswer) call.destroy(new Error('answer too large'))
            else chunks.push(chunk)
          })
          incoming.on('error', fail)
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, answer: Buffer.concat(chunks).toString('utf8') }),
          )
        },
      )
      call.on('timeout', () => call.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
      call.on('error', fail)
      call.end(text)
    })
    const parsed: unknown = answer === '' ? null : JSON.parse(answer)
    if (status >= 400) {
      const { code = 'REGISTRY_REFUSED', title, detail } = parsed as Record<string, string | undefined>
      throw new TwiinError(code, { status, title, detail })
    }
    return parsed as T
  }
}
