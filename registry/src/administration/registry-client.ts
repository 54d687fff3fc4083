import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'
import { callRegistry } from './call-registry.ts'

/** The two people whose bearer tokens are files beside the settings. */
export type TokenHolder = 'administrator' | 'approver'

const maxAnswer = 8 * 1024 * 1024
const timeoutMs = 15_000

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
    const { status, body: answer } = await callRegistry({
      ...{ url: this.#url, path, method, ca: this.#ca, maxBytes: maxAnswer, timeoutMs },
      headers: {
        authorization: `Bearer ${this.#tokens[as]}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const parsed: unknown = answer === '' ? null : JSON.parse(answer)
    if (status >= 400) {
      const { code = 'REGISTRY_REFUSED', title, detail } = parsed as Record<string, string | undefined>
      throw new TwiinError(code, { status, title, detail })
    }
    return parsed as T
  }
}
