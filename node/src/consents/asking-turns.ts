/** As many questions at once as there are connections, a share of them for one asking organisation; so many of it wait. */
export const mostAtOnce = 8
const mostOfOne = 4
const mostWaiting = 32

interface Waiting {
  readonly whose: string
  readonly go: () => void
}

/**
 * Whose question is put next. Nobody takes all the turns: past its share an organisation waits for itself, and the others
 * pass. What runs has a connection, so time begins to count when a question is put and not while it waits.
 */
export class AskingTurns {
  readonly #running = new Map<string, number>()
  #all = 0
  #waiting: Waiting[] = []

  /** Resolves when it is this one's turn: `end` gives it back. Undefined: too many of this organisation wait already. */
  async take(whose: string): Promise<(() => void) | undefined> {
    if (!this.#mayGo(whose)) {
      if (this.#waiting.filter((one) => one.whose === whose).length >= mostWaiting) return undefined
      await new Promise<void>((go) => this.#waiting.push({ whose, go }))
    } else this.#begin(whose)
    return () => this.#end(whose)
  }

  #mayGo(whose: string): boolean {
    return this.#all < mostAtOnce && (this.#running.get(whose) ?? 0) < mostOfOne
  }

  #begin(whose: string): void {
    this.#all++
    this.#running.set(whose, (this.#running.get(whose) ?? 0) + 1)
  }

  #end(whose: string): void {
    this.#all--
    const left = (this.#running.get(whose) ?? 1) - 1
    if (left > 0) this.#running.set(whose, left)
    else this.#running.delete(whose)
    const next = this.#waiting.find((one) => this.#mayGo(one.whose))
    if (next === undefined) return
    this.#waiting = this.#waiting.filter((one) => one !== next)
    this.#begin(next.whose)
    next.go()
  }
}
