import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { TwiinError } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { decoyPassword, hashPassword, passwordMatches } from '@twiin/web'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'

/** Users and API tokens of one hospital. Passwords stand as scrypt hashes, tokens (256 random bits) as SHA-256. */

export const roles = ['radiologist', 'operator', 'auditor'] as const
export type Role = (typeof roles)[number]
/** Somebody who acts: a person logged in, or a script with a token. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly role: Role
}

const RoleName = Type.Enum([...roles])
const PeopleFile = Type.Object(
  {
    users: Type.Array(
      Type.Object(
        { id: Type.String(), name: Type.String(), role: RoleName, password: Type.String() },
        { additionalProperties: false },
      ),
    ),
    tokens: Type.Array(
      Type.Object(
        { id: Type.String(), name: Type.String(), role: RoleName, sha256: Type.String() },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
type PeopleFile = Static<typeof PeopleFile>
const shape = Compile(PeopleFile)

export class People {
  readonly #file: string
  #cached: { modified: number; people: PeopleFile } | undefined

  constructor(options: { file: string }) {
    this.#file = options.file
  }

  /** The person, or undefined for an unknown name or a wrong password; both take the same time. */
  async byPassword(username: string, password: string): Promise<Person | undefined> {
    const user = this.#read().users.find(({ id }) => id === username)
    const matches = await passwordMatches(password, user?.password ?? (await decoyPassword))
    return user !== undefined && matches ? person(user) : undefined
  }

  byToken(token: string): Person | undefined {
    const digest = createHash('sha256').update(token).digest()
    const entry = this.#read().tokens.find(({ sha256 }) => {
      const expected = Buffer.from(sha256, 'hex')
      return expected.length === digest.length && timingSafeEqual(expected, digest)
    })
    return entry === undefined ? undefined : person(entry)
  }

  /** True while the person still stands in the file with this role; a session ends with it. */
  stillThere({ id, role }: Person): boolean {
    return this.#read().users.some((user) => user.id === id && user.role === role)
  }

  async addUser(user: { id: string; name: string; role: Role; password: string }): Promise<void> {
    const { password, ...rest } = user
    await this.#change(async (people) => ({
      ...people,
      users: [
        ...people.users.filter(({ id }) => id !== user.id),
        { ...rest, password: await hashPassword(password) },
      ],
    }))
  }

  /** Makes a token for scripts and returns it; only its digest is kept. */
  async addToken(entry: { id: string; name: string; role: Role; token?: string }): Promise<string> {
    const { token = randomBytes(32).toString('base64url'), ...rest } = entry
    const sha256 = createHash('sha256').update(token).digest('hex')
    await this.#change(async (people) => ({
      ...people,
      tokens: [...people.tokens.filter(({ id }) => id !== entry.id), { ...rest, sha256 }],
    }))
    return token
  }

  async #change(edit: (people: PeopleFile) => Promise<PeopleFile>): Promise<void> {
    const next = await edit(this.#read())
    await writeFileDurably(this.#file, Buffer.from(`${JSON.stringify(next, null, 2)}\n`), { mode: 0o600 })
    this.#cached = undefined
  }

  #read(): PeopleFile {
    const modified = statSync(this.#file, { throwIfNoEntry: false })?.mtimeMs
    if (modified === undefined) return { users: [], tokens: [] }
    if (this.#cached?.modified !== modified) this.#cached = { modified, people: parse(this.#file) }
    return this.#cached.people
  }
}

function parse(file: string): PeopleFile {
  const people: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!shape.Check(people))
    throw new TwiinError('CONFIG_INVALID', { file, at: shape.Errors(people)[0]?.instancePath })
  return people
}

function person({ id, name, role }: Person): Person {
  return { id, name, role }
}
