import type { Clock } from '@twiin/runtime'
import type { Sealer } from '@twiin/store'
import { decoyPassword, newSecret, passwordMatches, stepOf } from '@twiin/web'
import type { Accounts as LogInAccounts, UsedCodes } from '@twiin/web'
import type { Account, AccountsFile } from './accounts-file.ts'
import type { Staff } from './staff.ts'
import { openSecret } from './sealed-secret.ts'

/** What a log-in takes. */
export type Proof = [password: string, code: string]

const decoySecret = newSecret()

/** Judges log-ins against the accounts file. */
export class Accounts implements LogInAccounts<Staff, Proof> {
  readonly #file: AccountsFile
  readonly #sealer: Sealer
  readonly #usedCodes: UsedCodes
  readonly #clock: Clock
  /** What proved a person at log-in: with another password or secret their sessions end. */
  readonly #provedBy = new WeakMap<Staff, string>()

  constructor(
    _options: object,
    deps: { file: AccountsFile; sealer: Sealer; usedCodes: UsedCodes; clock: Clock },
  ) {
    this.#file = deps.file
    this.#sealer = deps.sealer
    this.#usedCodes = deps.usedCodes
    this.#clock = deps.clock
  }

  isKnown(id: string): boolean {
    return this.#file.find(id) !== undefined
  }

  /** Whatever is wrong, everything is judged: the answer's delay does not say what it was. */
  async byPassword(username: string, password: string, code: string): Promise<Staff | undefined> {
    const account = this.#file.find(username)
    const isRight = await passwordMatches(password, account?.password ?? decoyPassword)
    const secret = account === undefined ? decoySecret : this.#secretOf(account)
    const step = stepOf(secret, code, this.#clock.now())
    if (account === undefined || !isRight || step === undefined) return undefined
    // Last: a code that came with a wrong password was not used.
    if (!(await this.#usedCodes.claim(account.id, secret, step))) return undefined
    const { id, name, role } = account
    const person = { id, name, role }
    this.#provedBy.set(person, proofOf(account))
    return person
  }

  /** A code alone, of somebody who is logged in. */
  async confirms({ id }: Staff, code: string): Promise<boolean> {
    const account = this.#file.find(id)
    if (account === undefined) return false
    const secret = this.#secretOf(account)
    const step = stepOf(secret, code, this.#clock.now())
    return step !== undefined && this.#usedCodes.claim(id, secret, step)
  }

  stillThere(person: Staff): boolean {
    const account = this.#file.find(person.id)
    if (account === undefined || account.role !== person.role) return false
    return this.#provedBy.get(person) === proofOf(account)
  }

  #secretOf({ id, totpSecret }: Account): string {
    return openSecret(this.#sealer, id, totpSecret)
  }
}

const proofOf = ({ password, totpSecret }: Account) => `${password} ${totpSecret}`
