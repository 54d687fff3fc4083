import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { PackageReader } from '@twiin/share-package'

interface Place {
  /** The address as it was mailed. */
  url: string
  caFile: string
}

/** Who was sent a link: shows the code, and reads or downloads without keeping what comes. */
export class Recipient implements Disposable {
  readonly #place: Place
  readonly #agent: Agent
  #cookie = ''

  private constructor(place: Place) {
    this.#place = place
    this.#agent = new Agent({ ca: readFileSync(place.caFile, 'utf8'), keepAlive: true, maxSockets: 6 })
  }

  static async entered(place: Place, code: string): Promise<Recipient> {
    const recipient = new Recipient(place)
    const { pathname } = new URL(place.url)
    const answer = await recipient.#ask('POST', pathname, {}, new URLSearchParams({ code }).toString())
    answer.resume()
    if (answer.statusCode !== 303) throw new Error(`code answered ${answer.statusCode}`)
    recipient.#cookie = (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
    return recipient
  }

  /** Milliseconds from sending the code until the first large picture is decrypted. */
  static async firstPicture(place: Place, code: string): Promise<number> {
    const began = performance.now()
    using recipient = await Recipient.entered(place, code)
    const key = Buffer.from(new URL(place.url).hash.slice(1), 'base64url')
    const read = async (offset: number, length: number) => {
      const range = `bytes=${offset}-${offset + length - 1}`
      const answer = await recipient.#ask('GET', recipient.#at('package?for=view'), { range })
      return Buffer.concat(await answer.toArray())
    }
    const head = await recipient.#ask('GET', recipient.#at('package?for=view'), { range: 'bytes=0-0' })
    head.resume()
    const size = Number(String(head.headers['content-range']).split('/')[1])
    const reader = new PackageReader({ key }, { source: { size, read } })
    const { studies } = await reader.manifest()
    const picture = studies[0]?.series[0]?.pictures[0]?.large
    if (picture === undefined) throw new Error('no picture in the package')
    let bytes = 0
    for await (const piece of reader.entry(picture)) bytes += piece.length
    if (bytes === 0) throw new Error('empty picture')
    return performance.now() - began
  }

  /** Bytes that came; only the first `most` when given. `origin`: of another server than the node's. */
  async download(path: string, origin?: string, most?: number): Promise<number> {
    const headers: Record<string, string> = most === undefined ? {} : { range: `bytes=0-${most - 1}` }
    const answer = await this.#ask(
      'GET',
      origin === undefined ? this.#at(path) : '/',
      // A connection that waited for its next turn may be gone.
      { ...headers, connection: 'close' },
      undefined,
      origin,
    )
    if (answer.statusCode !== 200 && answer.statusCode !== 206)
      throw new Error(`${path} answered ${answer.statusCode}`)
    let bytes = 0
    for await (const piece of answer as AsyncIterable<Buffer>) bytes += piece.length
    return bytes
  }

  /** Without script the node decrypts: it is given the whole link. */
  async giveKey(): Promise<void> {
    const body = new URLSearchParams({ link: this.#place.url }).toString()
    const answer = await this.#ask('POST', this.#at('key'), {}, body)
    answer.resume()
    if (answer.statusCode !== 303) throw new Error(`key answered ${answer.statusCode}`)
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #at(path: string): string {
    return `${new URL(this.#place.url).pathname}/${path}`
  }

  #ask(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
    origin = new URL(this.#place.url).origin,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const form =
      body === undefined
        ? {}
        : { 'content-type': 'application/x-www-form-urlencoded', origin, 'sec-fetch-site': 'same-origin' }
    const asked = request(
      new URL(path, origin),
      { method, agent: this.#agent, headers: { ...headers, ...form, cookie: this.#cookie } },
      resolve,
    )
    asked.on('error', reject)
    asked.end(body)
    return promise
  }
}
