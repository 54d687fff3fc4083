import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { PackageReader } from '@twiin/share-package'
import type { Manifest } from '@twiin/share-package'

export interface PatientAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
  text: string
}

/** The parts of an address as it was mailed. */
export function partsOf(url: string): { origin: string; link: string; key: Uint8Array; fragment: string } {
  const { origin, pathname, hash } = new URL(url)
  const link = pathname.split('/').at(-1) ?? ''
  const fragment = hash.slice(1)
  return { origin, link, fragment, key: Buffer.from(fragment, 'base64url') }
}

/** A recipient without a browser: keeps cookies, follows nothing, sends forms as a browser of the same origin would. */
export class PatientClient implements Disposable {
  readonly #origin: string
  readonly #agent: Agent
  readonly #cookies = new Map<string, string>()

  /** `from`: the address of this machine it comes from; each counts as a network of its own. */
  constructor(options: { url: string; caFile: string; sockets?: number; from?: string }) {
    this.#origin = new URL(options.url).origin
    const ca = readFileSync(options.caFile, 'utf8')
    const { sockets: maxSockets = 4, from: localAddress = '127.0.0.1' } = options
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets, localAddress })
  }

  get(path: string, headers: Record<string, string> = {}): Promise<PatientAnswer> {
    return this.#ask('GET', path, headers)
  }

  post(path: string, form: Record<string, string> = {}): Promise<PatientAnswer> {
    return this.#ask('POST', path, {}, new URLSearchParams(form).toString())
  }

  /** Shows the code; whether it opened. */
  async enter(link: string, code: string): Promise<PatientAnswer> {
    return this.post(`/z/${link}`, { code })
  }

  /** What the browser's script does: reads the package in ranges and decrypts it here. */
  async package(link: string, key: Uint8Array): Promise<{ reader: PackageReader; manifest: Manifest }> {
    const path = `/z/${link}/package?for=view`
    const head = await this.get(path, { range: 'bytes=0-0' })
    const size = Number(String(head.headers['content-range']).split('/')[1])
    const source = {
      size,
      read: async (offset: number, length: number) => {
        const range = `bytes=${offset}-${offset + length - 1}`
        const { status, body } = await this.get(path, { range })
        if (status !== 206) throw new Error(`package answers ${status}`)
        return body
      },
    }
    const reader = new PackageReader({ key }, { source })
    return { reader, manifest: await reader.manifest() }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<PatientAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<PatientAnswer>()
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const asked = request(new URL(path, this.#origin), {
      method,
      agent: this.#agent,
      headers: {
        ...headers,
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined
          ? {}
          : {
              'content-type': 'application/x-www-form-urlencoded',
              'content-length': String(Buffer.byteLength(body)),
              origin: this.#origin,
              'sec-fetch-site': 'same-origin',
            }),
      },
    })
    asked.on('error', reject)
    asked.on('response', (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('error', reject)
      answer.on('end', () => {
        for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line)
        const whole = Buffer.concat(pieces)
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: whole,
          get text() {
            return whole.toString()
          },
        })
      })
    })
    asked.end(body)
    return promise
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';')
    const [name = '', value = ''] = pair.split('=')
    if (value === '' || /max-age=0/i.test(line)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}
