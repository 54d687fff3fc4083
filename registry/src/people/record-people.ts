import type { ActOf } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { Register } from '../ledger/register.ts'
import type { AccountsFile } from './accounts-file.ts'
import { tokenIds } from './accounts-file.ts'
import type { Role } from './staff.ts'

type Change = ActOf<'person-admitted' | 'person-dismissed'>
const by = 'console'

/**
 * Accounts come and go in a file; the ledger says when (spec 11 §2), and from then on what somebody asked for or
 * approved while they worked here is worth nothing. Looked at before every act that takes two.
 */
export class RecordedPeople {
  readonly #file: AccountsFile
  readonly #books: Books

  constructor(_options: object, deps: { file: AccountsFile; books: Books }) {
    this.#file = deps.file
    this.#books = deps.books
  }

  /** The ledger says who has an account now, when it resolves. Throws CONFIG_INVALID. */
  async record(): Promise<void> {
    // A line at a time; mostly there is none.
    let recorded: Change | undefined
    do recorded = await this.#books.record((register) => this.#difference(register))
    while (recorded !== undefined)
  }

  /** Who may act or look on: by account, or by bearer token. */
  list(): { id: string; role: Role }[] {
    const accounts = this.#file.list()
    const byToken = tokenIds.filter((id) => !accounts.some((account) => account.id === id))
    return [
      ...byToken.map((id) => ({ id, role: 'administrator' as const })),
      ...accounts.map(({ id, role }) => ({ id, role })),
    ]
  }

  #difference(register: Register): Change | undefined {
    const accounts = this.#file.list()
    const arrived = accounts.find(({ id, role }) => register.people.get(id) !== role)
    if (arrived !== undefined) return { act: 'person-admitted', id: arrived.id, role: arrived.role, by }
    // Who still has a bearer token has not left.
    const left = [...register.people.keys()].find(
      (id) => !tokenIds.includes(id) && !accounts.some((account) => account.id === id),
    )
    return left === undefined ? undefined : { act: 'person-dismissed', id: left, by }
  }
}
