import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Person } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { OpenRequest } from '../ledger/register.ts'
import { stillStands } from './second-person.ts'

/** What one person asked for and another has not yet agreed to. */
export class Requests {
  readonly #books: Books
  readonly #clock: Pick<Clock, 'now'>

  constructor(_options: object, deps: { books: Books; clock: Pick<Clock, 'now'> }) {
    this.#books = deps.books
    this.#clock = deps.clock
  }

  list(): OpenRequest[] {
    const now = this.#clock.now()
    return [...this.#books.register.requests.values()].filter(({ at }) => stillStands(at, now))
  }

  /** Only who asked can take it back. Throws NOT_FOUND, REQUEST_OF_ANOTHER. */
  async withdraw(id: string, by: Person): Promise<void> {
    await this.#books.record((register) => {
      const request = register.requests.get(id)
      if (request === undefined) throw new TwiinError('NOT_FOUND')
      if (request.by !== by) throw new TwiinError('REQUEST_OF_ANOTHER')
      return { act: 'request-withdrawn', id, by }
    })
  }
}
