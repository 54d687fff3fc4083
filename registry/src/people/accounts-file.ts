import { readFileSync, statSync } from 'node:fs'
import { TwiinError } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { roles } from './staff.ts'

/** An account. The id is public: it stands in the log of all acts (spec 11 §2); the name stands here only. */
const Account = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{1,31}$' }),
    name: Type.String({ pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,64}$' }),
    role: Type.Enum([...roles]),
    /** scrypt. */
    password: Type.String(),
    /** Base32 secret of RFC 6238, sealed for this id; base64. */
    totpSecret: Type.String(),
  },
  { additionalProperties: false },
)
export type Account = Static<typeof Account>

const shape = Compile(
  Type.Object({ people: Type.Array(Account, { maxItems: 1_000 }) }, { additionalProperties: false }),
)

/** These ids also have a bearer token, which is an administrator's. */
export const tokenIds: readonly string[] = ['administrator', 'approver']
/** Says in the log that an act came from whoever has the machine. */
const reservedId = 'console'

/**
 * `people.json`: who may log in at the registry. Written on its machine only, by `twiin-registry people`; there is no
 * call for it, so that nobody who is logged in can make themselves a second pair of eyes.
 */
export class AccountsFile {
  readonly #file: string
  #cached: { state: string; people: readonly Account[] } | undefined

  constructor(options: { file: string }) {
    this.#file = options.file
  }

  /** Looks at the file each time. Throws CONFIG_INVALID when it is not what we wrote. */
  list(): readonly Account[] {
    const stat = statSync(this.#file, { throwIfNoEntry: false })
    if (stat === undefined) return []
    const state = `${stat.ino} ${stat.mtimeMs}`
    if (this.#cached?.state !== state) this.#cached = { state, people: this.#parse() }
    return this.#cached.people
  }

  find(id: string): Account | undefined {
    return this.list().find((account) => account.id === id)
  }

  /** Takes the place of an account by that id. Throws ACCOUNT_INVALID, ID_RESERVED, ROLE_FIXED. */
  async put(account: Account): Promise<void> {
    const { id, role } = account
    if (id === reservedId) throw new TwiinError('ID_RESERVED', { id })
    if (tokenIds.includes(id) && role !== 'administrator') throw new TwiinError('ROLE_FIXED', { id, role })
    const people = [...this.list().filter((other) => other.id !== id), account]
    if (!shape.Check({ people }))
      throw new TwiinError('ACCOUNT_INVALID', {
        at: shape.Errors({ people })[0]?.instancePath.split('/').at(-1),
      })
    await this.#write(people)
  }

  /** Throws ACCOUNT_UNKNOWN. */
  async remove(id: string): Promise<void> {
    if (this.find(id) === undefined) throw new TwiinError('ACCOUNT_UNKNOWN', { id })
    await this.#write(this.list().filter((other) => other.id !== id))
  }

  async #write(people: readonly Account[]): Promise<void> {
    await writeFileDurably(this.#file, Buffer.from(`${JSON.stringify({ people }, null, 2)}\n`), {
      mode: 0o600,
    })
    this.#cached = undefined
  }

  #parse(): readonly Account[] {
    const file = this.#file
    const content = parseJson(readFileSync(file, 'utf8'), file)
    if (!shape.Check(content))
      throw new TwiinError('CONFIG_INVALID', { file, at: shape.Errors(content)[0]?.instancePath })
    return content.people
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TwiinError('CONFIG_INVALID', { file, problem: 'not JSON' }, { cause })
  }
}
