import { TwiinError } from '@twiin/runtime'
import type { Accounts } from '@twiin/web'
import { signedOnPrefix } from './people-file.ts'
import type { People, Person } from './people-file.ts'
import type { SecondFactors } from './second-factors.ts'

/** What a log-in takes; the code of who has a second factor. */
export type Proof = [password: string, code: string | undefined]

/** Judges who somebody is, by password and code (spec 23 §1). */
export class LogIns implements Accounts<Person, Proof> {
  readonly #isRequired: boolean
  readonly #people: People
  readonly #factors: SecondFactors
  /** Who was seen to have a second factor: a reset ends the session of each of them. */
  readonly #enrolled = new WeakSet<Person>()

  constructor(options: { isRequired: boolean }, deps: { people: People; factors: SecondFactors }) {
    this.#isRequired = options.isRequired
    this.#people = deps.people
    this.#factors = deps.factors
  }

  /** Throws CODE_REQUIRED when the password is right and a code is missing. */
  async byPassword(
    username: string,
    password: string,
    code: string | undefined,
  ): Promise<Person | undefined> {
    const person = await this.#people.byPassword(username, password)
    if (person === undefined || !(await this.#factors.has(person.id))) return person
    if (code === undefined) throw new TwiinError('CODE_REQUIRED')
    return (await this.#factors.take(person.id, code)) === undefined ? undefined : person
  }

  /** The same person once more. Throws CODE_REQUIRED. */
  async confirms({ id }: Person, password: string, code: string | undefined): Promise<boolean> {
    return (await this.byPassword(id, password, code)) !== undefined
  }

  stillThere(person: Person): boolean {
    return isSignedOn(person) ? !this.isBarred(person) : this.#people.stillThere(person)
  }

  /** Came by the hospital's own log-in, and an operator of this node does not want them. */
  isBarred({ id }: Person): boolean {
    return this.#people.barred().includes(id)
  }

  /** Whether this person has to get a second factor before anything else. */
  async mustEnrol(person: Person): Promise<boolean> {
    if (!this.#isRequired || isSignedOn(person) || this.#enrolled.has(person)) return false
    if (!(await this.#factors.has(person.id))) return true
    this.#enrolled.add(person)
    return false
  }

  get isRequired(): boolean {
    return this.#isRequired
  }
}

/** Came by the hospital's own log-in, which asks for what it finds necessary. */
export const isSignedOn = ({ id }: Person): boolean => id.startsWith(signedOnPrefix)
