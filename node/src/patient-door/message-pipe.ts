import type { Duplex } from 'node:stream'

/**
 * JSON both ways on one stream, a message a line. A line that is too long, or no JSON, breaks it: `broken` is called, once.
 * Who asks and does not take the answers is not heard until they do.
 */
export class MessagePipe {
  readonly #longest: number
  readonly #stream: Duplex
  readonly #heard: (message: unknown) => void
  readonly #broken: () => void
  #rest = ''
  #isBroken = false

  /** `longest`: line that is taken, in characters. */
  constructor(
    options: { longest: number },
    deps: { stream: Duplex; heard: (message: unknown) => void; broken: () => void },
  ) {
    this.#longest = options.longest
    this.#stream = deps.stream
    this.#heard = deps.heard
    this.#broken = deps.broken
    this.#stream.setEncoding('utf8')
    this.#stream.on('data', (text: string) => this.#take(text))
    this.#stream.on('drain', () => this.#stream.resume())
    // Of one that has gone `close` tells.
    this.#stream.on('error', () => {})
  }

  /** To one that has gone nothing needs to be said. */
  send(message: object): void {
    if (!this.#stream.writable) return
    if (!this.#stream.write(`${JSON.stringify(message)}\n`)) this.#stream.pause()
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of [...lines, this.#rest]) if (line.length > this.#longest) return this.#break()
    for (const line of lines) {
      if (this.#isBroken) return
      const message = parsed(line)
      if (message === undefined) return this.#break()
      this.#heard(message)
    }
  }

  #break(): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#broken()
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
