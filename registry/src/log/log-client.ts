import { TwiinError } from '@twiin/runtime'
import { callRegistry } from '../administration/call-registry.ts'

const maxAnswer = 4 * 1024 * 1024
const timeoutMs = 30_000
const linesOfAnAnswer = 500

/** The public log of any registry, over HTTPS. Whatever it answers is still to be judged. */
export class LogClient {
  readonly #url: string
  readonly #ca: string | undefined

  constructor(options: { url: string; ca?: string }) {
    this.#url = options.url
    this.#ca = options.ca
  }

  /** The checkpoint that is open, so over the newest lines. */
  async checkpoint(): Promise<string> {
    return text((await this.#get<{ checkpoint: unknown }>('/log/checkpoint')).checkpoint)
  }

  /** The newest one with enough cosignatures, when there is one. */
  async cosigned(): Promise<string | undefined> {
    const { cosigned } = await this.#get<{ cosigned?: { checkpoint?: unknown } }>('/log/state')
    return cosigned === undefined ? undefined : text(cosigned.checkpoint)
  }

  /** Lines `start` to `end` (exclusive), in their order. Throws LOG_ANSWER_INVALID. */
  async *lines(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let next = start; next < end;) {
      const count = Math.min(linesOfAnAnswer, end - next)
      const path = `/log/entries?start=${next}&count=${count}`
      const { entries } = await this.#get<{ entries: { index: number; line: string }[] }>(path)
      if (!Array.isArray(entries) || entries.length === 0 || entries.length > count) throw invalid()
      for (const { index, line } of entries) {
        if (index !== next || typeof line !== 'string' || line.includes('\n')) throw invalid()
        yield Buffer.from(line)
        next++
      }
    }
  }

  /** That the tree of `second` leaves begins with that of `first`. */
  async consistency(first: number, second: number): Promise<Uint8Array[]> {
    const { path } = await this.#get<{ path: unknown }>(`/log/consistency?first=${first}&second=${second}`)
    if (!Array.isArray(path) || path.length > 64) throw invalid()
    return path.map((hash) => Uint8Array.from(Buffer.from(text(hash), 'base64')))
  }

  async #get<T extends object>(path: string): Promise<T> {
    const { status, body } = await callRegistry({
      ...{ url: this.#url, path, maxBytes: maxAnswer, timeoutMs },
      ...(this.#ca !== undefined && { ca: this.#ca }),
    })
    const answer = parse(body)
    if (status === 200) return answer as T
    const { code } = answer as { code?: unknown }
    throw new TwiinError(typeof code === 'string' ? code : 'REGISTRY_REFUSED', { status })
  }
}

function parse(body: string): object {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null) return answer
  } catch {
    // Judged below.
  }
  throw invalid()
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw invalid()
  return value
}

function invalid(): TwiinError {
  return new TwiinError('LOG_ANSWER_INVALID')
}
