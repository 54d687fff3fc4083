import type { Duplex } from 'node:stream'
import type { Clock } from '@twiin/runtime'

/** What one end grants the other, which it does not trust. */
export interface PipeBounds {
  /** Lines in a second; the rest waits for the next. */
  mostASecond: number
  clock: Clock
}

/**
 * JSON both ways on one stream, a message a line. A line that is too long, or no JSON, breaks it: `broken` is called, once,
 * and nothing is heard any more. With `bounds` the other end is not heard either while it does not take its answers: one end
 * alone may have them, for two that wait for each other wait for ever.
 */
export class MessagePipe {
  readonly #longest: number
  readonly #bounds: PipeBounds | undefined
  readonly #stream: Duplex
  readonly #heard: (message: unknown) => void
  readonly #broken: () => void
  readonly #waitsFor = new Set<'answers taken' | 'the next second'>()
  #rest = ''
  #isShut = false
  #lines = 0
  #secondBegan = 0

  /** `longest`: line that is taken, in characters. */
  constructor(
    options: { longest: number; bounds?: PipeBounds },
    deps: { stream: Duplex; heard: (message: unknown) => void; broken: () => void },
  ) {
    this.#longest = options.longest
    this.#bounds = options.bounds
    this.#stream = deps.stream
    this.#heard = deps.heard
    this.#broken = deps.broken
    this.#stream.setEncoding('utf8')
    this.#stream.on('data', (text: string) => this.#take(text))
    this.#stream.on('drain', () => this.#goOn('answers taken'))
    // Of one that has gone `close` tells.
    this.#stream.on('error', () => {})
  }

  /** To one that has gone nothing needs to be said. */
  send(message: object): void {
    if (!this.#stream.writable) return
    const isTaken = this.#stream.write(`${JSON.stringify(message)}\n`)
    if (!isTaken && this.#bounds !== undefined) this.#waitFor('answers taken')
  }

  /** Nothing more is heard, or said. */
  shut(): void {
    this.#isShut = true
    this.#stream.destroy()
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    this.#pace(lines.length)
    for (const line of lines) {
      if (this.#isShut) return
      const message = line.length > this.#longest ? undefined : parsed(line)
      if (message === undefined) return this.#break()
      this.#heard(message)
    }
    if (this.#rest.length > this.#longest) this.#break()
  }

  #pace(lines: number): void {
    if (this.#bounds === undefined) return
    const { clock, mostASecond } = this.#bounds
    const now = clock.now()
    if (now - this.#secondBegan >= 1000) {
      this.#secondBegan = now
      this.#lines = 0
    }
    this.#lines += lines
    if (this.#lines <= mostASecond) return
    this.#waitFor('the next second')
    void clock.sleep(1000 - (now - this.#secondBegan)).then(() => this.#goOn('the next second'))
  }

  #waitFor(what: 'answers taken' | 'the next second'): void {
    this.#waitsFor.add(what)
    this.#stream.pause()
  }

  #goOn(what: 'answers taken' | 'the next second'): void {
    this.#waitsFor.delete(what)
    if (this.#waitsFor.size === 0) this.#stream.resume()
  }

  #break(): void {
    if (this.#isShut) return
    this.shut()
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
