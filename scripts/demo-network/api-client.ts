import { Agent, request } from 'node:https'

export interface Answer<T = Record<string, unknown>> {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as JSON; an empty object when it is empty or is no JSON. */
  body: T
}

/** JSON over HTTPS with one bearer token, trusting only the given CA. */
export class ApiClient implements Disposable {
  readonly #url: string
  readonly #ca: string
  readonly #token: string | undefined
  readonly #agent = new Agent({ keepAlive: true })

  constructor(options: { url: string; ca: string; token?: string }) {
    this.#url = options.url
    this.#ca = options.ca
    this.#token = options.token
  }

  /** The answer, whatever its status. */
  async ask<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    extraHeaders: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const headers = {
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...extraHeaders,
    }
    return new Promise((resolve, reject) => {
      const options = { method, headers, ca: this.#ca, agent: this.#agent, timeout: 30_000 }
      const call = request(new URL(path, this.#url), options, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: parse(Buffer.concat(chunks).toString('utf8')) as T,
          }),
        )
      })
      call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer`)))
      call.on('error', reject)
      call.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** The body; anything but a 2xx is thrown, with the problem's code. */
  async call<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<T> {
    const answer = await this.ask<T & { code?: string }>(method, path, body)
    if (answer.status >= 200 && answer.status < 300) return answer.body
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body.code ?? ''}`)
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
