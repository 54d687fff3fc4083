import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { TwiinError } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { decoyPassword, hashPassword, passwordMatches } from '@twiin/web'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { whileAlone } from './while-alone.ts'

/** Users and API tokens of one hospital. Passwords stand as scrypt hashes, tokens (256 random bits) as SHA-256. */

export const roles = ['radiologist', 'operator', 'auditor'] as const
export type Role = (typeof roles)[number]
/** Of a system that may launch a search for somebody, and nothing else (spec 23 §6). */
export const launcher = 'launcher'
export const tokenRoles = [...roles, launcher] as const
export type TokenRole = (typeof tokenRoles)[number]

/** Somebody who acts: a person logged in, or a script with a token. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly role: Role
}
/** A PACS or EPD. */
export interface LaunchingSystem {
  readonly id: string
  readonly name: string
  readonly role: typeof launcher
}

interface NewUser extends Person {
  readonly password: string
}

/** An account as others see it. */
export interface User extends Person {
  readonly disabled: boolean
  /** Second factors from before this count no more; milliseconds since the Unix epoch. */
  readonly secondFactorResetAt: number
}

const PeopleFile = Type.Object(
  {
    users: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          name: Type.String(),
          role: Type.Enum([...roles]),
          password: Type.String(),
          disabled: Type.Optional(Type.Boolean()),
          secondFactorResetAt: Type.Optional(Type.Number()),
        },
        { additionalProperties: false },
      ),
    ),
    /** Ids of persons whom the hospital's own log-in would let in, and this node does not. */
    barred: Type.Optional(Type.Array(Type.String())),
    tokens: Type.Array(
      Type.Object(
        { id: Type.String(), name: Type.String(), role: Type.Enum([...tokenRoles]), sha256: Type.String() },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
type PeopleFile = Static<typeof PeopleFile>
type Account = PeopleFile['users'][number]
const shape = Compile(PeopleFile)

/** Ids of persons who came by the hospital's own log-in begin so; no account's may. */
export const signedOnPrefix = 'sso:'

export class People {
  readonly #file: string
  readonly #passwordCost: number | undefined
  #cached: { state: string; people: PeopleFile } | undefined
  /** The account as it was when this person proved who they are; of who came by a token, its digest. */
  readonly #provedBy = new WeakMap<Person | LaunchingSystem, string>()

  /** `passwordCost`: of new passwords; the usual one but in tests. */
  constructor(options: { file: string; passwordCost?: number }) {
    this.#file = options.file
    this.#passwordCost = options.passwordCost
  }

  /** The person, or undefined for an unknown name, a wrong password or a disabled account; all take the same time. */
  async byPassword(username: string, password: string): Promise<Person | undefined> {
    const user = this.#account(username)
    const matches = await passwordMatches(password, user?.password ?? decoyPassword)
    return user !== undefined && matches && user.disabled !== true ? this.#person(user) : undefined
  }

  /** Somebody who proved otherwise who they are; undefined when there is no such account, or a disabled one. */
  byId(id: string): Person | undefined {
    const user = this.#account(id)
    return user === undefined || user.disabled === true ? undefined : this.#person(user)
  }

  byToken(token: string): Person | LaunchingSystem | undefined {
    const digest = createHash('sha256').update(token).digest()
    const entry = this.#read().tokens.find(({ sha256 }) => {
      const expected = Buffer.from(sha256, 'hex')
      return expected.length === digest.length && timingSafeEqual(expected, digest)
    })
    if (entry === undefined) return undefined
    const { id, name, role } = entry
    // Two shapes of one thing, to be told apart by their role.
    const person = role === launcher ? { id, name, role } : { id, name, role }
    this.#provedBy.set(person, entry.sha256)
    return person
  }

  /** True while the token by which this one came is there and stands for the same. */
  tokenStands(person: Person): boolean {
    const proof = this.#provedBy.get(person)
    return this.#read().tokens.some(
      ({ id, role, sha256 }) => sha256 === proof && id === person.id && role === person.role,
    )
  }

  /** True while the account is what it was when this person logged in; a session ends with it. */
  stillThere(person: Person): boolean {
    const user = this.#account(person.id)
    return user !== undefined && this.#provedBy.get(person) === stateOf(user)
  }

  find(id: string): User | undefined {
    const user = this.#account(id)
    return user === undefined ? undefined : shown(user)
  }

  list(): User[] {
    return this.#read().users.map(shown)
  }

  /** Persons by the hospital's own log-in whom this node does not let in. */
  barred(): readonly string[] {
    return this.#read().barred ?? []
  }

  /** Adds, or takes the place of the account by that id; its second factor stays. Throws ID_RESERVED. */
  async addUser(user: NewUser): Promise<void> {
    const account = await this.#made(user)
    await this.#change((people) => {
      const resetAt = people.users.find(({ id }) => id === user.id)?.secondFactorResetAt
      const kept = resetAt === undefined ? {} : { secondFactorResetAt: resetAt }
      const others = people.users.filter(({ id }) => id !== user.id)
      return { ...people, users: [...others, { ...account, ...kept }] }
    })
  }

  /** Takes no account's place. `first`, with the name still free, before it is there. Throws ID_RESERVED, USER_EXISTS. */
  async addNew(user: NewUser, first: () => Promise<void>): Promise<void> {
    const account = await this.#made(user)
    await this.#change(async (people) => {
      if (people.users.some(({ id }) => id === user.id)) throw new TwiinError('USER_EXISTS')
      await first()
      return { ...people, users: [...people.users, account] }
    })
  }

  /** Throws USER_UNKNOWN. */
  async setPassword(id: string, password: string): Promise<void> {
    const hash = await hashPassword(password, this.#passwordCost)
    await this.#edit(id, (user) => ({ ...user, password: hash }))
  }

  /** Of an account, or of somebody by the hospital's own log-in, known here or not. Throws USER_UNKNOWN. */
  setDisabled(id: string, disabled: boolean): Promise<void> {
    if (id.startsWith(signedOnPrefix))
      return this.#change(({ barred = [], ...people }) => {
        const others = barred.filter((each) => each !== id)
        return { ...people, barred: disabled ? [...others, id] : others }
      })
    return this.#edit(id, ({ disabled: _, ...user }) => (disabled ? { ...user, disabled } : user))
  }

  /** Whatever second factor there was at this time counts no more. Throws USER_UNKNOWN. */
  resetSecondFactor(id: string, at: number): Promise<void> {
    return this.#edit(id, (user) => ({ ...user, secondFactorResetAt: at }))
  }

  /** Makes a token for scripts and returns it; only its digest is kept. */
  async addToken(entry: { id: string; name: string; role: TokenRole; token?: string }): Promise<string> {
    const { token = randomBytes(32).toString('base64url'), ...rest } = entry
    const sha256 = createHash('sha256').update(token).digest('hex')
    await this.#change((people) => ({
      ...people,
      tokens: [...people.tokens.filter(({ id }) => id !== entry.id), { ...rest, sha256 }],
    }))
    return token
  }

  #edit(id: string, edit: (user: Account) => Account): Promise<void> {
    return this.#change((people) => {
      if (!people.users.some((user) => user.id === id)) throw new TwiinError('USER_UNKNOWN', { id })
      return { ...people, users: people.users.map((user) => (user.id === id ? edit(user) : user)) }
    })
  }

  /** The commands write the same file while the node runs: one at a time, each from what the other left. Throws PEOPLE_FILE_BUSY. */
  #change(edit: (people: PeopleFile) => PeopleFile | Promise<PeopleFile>): Promise<void> {
    return whileAlone(`${this.#file}.lock`, async (mustBe) => {
      this.#cached = undefined
      const next = `${JSON.stringify(await edit(this.#read()), null, 2)}\n`
      await writeFileDurably(this.#file, Buffer.from(next), { mode: 0o600, mustBe })
      this.#cached = undefined
    })
  }

  #account(id: string): Account | undefined {
    return this.#read().users.find((user) => user.id === id)
  }

  #person(user: Account): Person {
    const { id, name, role } = user
    const person = { id, name, role }
    this.#provedBy.set(person, stateOf(user))
    return person
  }

  #read(): PeopleFile {
    const stat = statSync(this.#file, { throwIfNoEntry: false })
    if (stat === undefined) return { users: [], tokens: [] }
    const state = `${stat.ino} ${stat.mtimeMs}`
    if (this.#cached?.state !== state) this.#cached = { state, people: parse(this.#file) }
    return this.#cached.people
  }

  async #made({ id, name, role, password }: NewUser): Promise<Account> {
    if (id.startsWith(signedOnPrefix)) throw new TwiinError('ID_RESERVED', { id })
    return { id, name, role, password: await hashPassword(password, this.#passwordCost) }
  }
}

function parse(file: string): PeopleFile {
  const people: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!shape.Check(people))
    throw new TwiinError('CONFIG_INVALID', { file, at: shape.Errors(people)[0]?.instancePath })
  return people
}

const stateOf = ({ role, password, disabled = false, secondFactorResetAt = 0 }: Account) =>
  JSON.stringify([role, password, disabled, secondFactorResetAt])

function shown({ id, name, role, disabled = false, secondFactorResetAt = 0 }: Account): User {
  return { id, name, role, disabled, secondFactorResetAt }
}
