import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { isInternationalNumber } from '../shares/phone-number.ts'
import type { SmsFailure, SmsMessenger } from './messenger.ts'
import { isThisMachine } from './this-machine.ts'

const timeoutMs = 10_000
const mostAnswer = 64 * 1024

/** What a gateway gets: `to` is E.164. */
const bodyOf = (to: string, text: string) => JSON.stringify({ to, text })

/**
 * A text message by an HTTP gateway: POST of JSON `{to, text}`; any 2xx says that it was taken (spec 25 §9). Redirects
 * are not followed: number and code go to this address alone. Writes nothing to any log.
 */
export class SmsGateway implements SmsMessenger {
  readonly #url: URL
  readonly #authorizationFile: string | undefined
  readonly #timeoutMs: number

  /** `authorizationFile`: the value of the header `Authorization`, read at each message. Throws CONFIG_INVALID. */
  constructor(options: { url: string; authorizationFile?: string; timeoutMs?: number }) {
    this.#url = new URL(options.url)
    const { protocol, hostname } = this.#url
    if (protocol !== 'https:' && !(protocol === 'http:' && isThisMachine(hostname)))
      throw new TwiinError('CONFIG_INVALID', { field: 'share.sms.url' })
    this.#authorizationFile = options.authorizationFile
    this.#timeoutMs = options.timeoutMs ?? timeoutMs
  }

  async send(to: string, text: string): Promise<void> {
    if (!isInternationalNumber(to)) throw notSent('rejected')
    const status = await this.#post(bodyOf(to, text)).catch(() => undefined)
    if (status === undefined) throw notSent('connect')
    if (status === 401 || status === 403) throw notSent('auth')
    // What the gateway says of this number; all else may be of the moment.
    if (status === 400 || status === 404 || status === 422) throw notSent('rejected')
    if (status < 200 || status > 299) throw notSent('refused')
  }

  async #post(body: string): Promise<number> {
    const file = this.#authorizationFile
    const authorization = file === undefined ? {} : { authorization: (await readFile(file, 'utf8')).trim() }
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...authorization },
      ...{ body, redirect: 'manual', signal: AbortSignal.timeout(this.#timeoutMs) },
    })
    await readAway(response)
    return response.status
  }
}

/** Text messages as files, one each: for the demo, where nobody has a telephone. */
export class SmsFolder implements SmsMessenger {
  readonly #dir: string
  readonly #clock: Clock

  constructor(options: { dir: string }, deps: { clock: Clock }) {
    this.#dir = options.dir
    this.#clock = deps.clock
  }

  async send(to: string, text: string): Promise<void> {
    // In the order in which they were sent.
    const name = `${this.#clock.now()}-${randomBytes(4).toString('hex')}.json`
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 })
      await writeFileDurably(join(this.#dir, name), Buffer.from(`${bodyOf(to, text)}\n`), { mode: 0o600 })
    } catch {
      throw notSent('refused')
    }
  }
}

const notSent = (reason: SmsFailure) => new TwiinError('SMS_NOT_SENT', { reason })

/** To the end, so that the connection can be used again; a long answer is cut off. */
async function readAway({ body }: Response): Promise<void> {
  if (body === null) return
  let bytes = 0
  // Leaving the loop cancels what is still to come.
  for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > mostAnswer) return
  }
}
