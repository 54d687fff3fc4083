import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Answer {
  status: number
  code: string | undefined
  body: Record<string, unknown>
  text: string
  headers: IncomingMessage['headers']
}

/** What a browser is to the log-in: it keeps cookies, and the page's calls have the header of a page. */
export class LogInBrowser {
  readonly cookies = new Map<string, string>()
  /** False: as a page of another site, which cannot send that header. */
  isOwnPage = true
  readonly #web: { port: number; ca: string }

  constructor(web: { port: number; ca: string }) {
    this.#web = web
  }

  open(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<IncomingMessage> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { port, ca } = this.#web
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          ...{ host: '127.0.0.1', port, ca, method, path, agent: false },
          headers: {
            ...(this.isOwnPage ? { 'x-twiin-csrf': '1' } : {}),
            ...(cookie === '' ? {} : { cookie }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
        },
        (answer) => {
          for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line)
          resolve(answer)
        },
      )
      asked.on('error', reject)
      asked.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const answer = await this.open(method, `/api/v1${path}`, body, headers)
    const whole = await text(answer)
    const isJson = /json/.test(answer.headers['content-type'] ?? '')
    const fields = (isJson ? JSON.parse(whole) : {}) as Answer['body']
    const code = typeof fields['code'] === 'string' ? fields['code'] : undefined
    return { status: answer.statusCode ?? 0, code, body: fields, text: whole, headers: answer.headers }
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';')
    const [name = '', value = ''] = pair.split('=')
    if (value === '') this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}
