import { TwiinError } from '@twiin/runtime'
import type { Person } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { Register } from '../ledger/register.ts'
import { askOrAgree } from '../requests/second-person.ts'

interface Wanted {
  readonly by: Person
  /** Null: the network's own number again. */
  readonly tokensPerDay: number | null
  readonly reason: string
}

/** What the settings say, for all and for some. */
export interface SetQuotas {
  readonly node: number
  readonly user: number
  readonly clinics: Readonly<Record<string, number>>
}

/** How many tokens a day each clinic may ask for: what two people set goes before what the settings say. spec 06 §4 */
export class Quotas {
  readonly #settings: SetQuotas
  readonly #books: Books

  constructor(settings: SetQuotas, deps: { books: Books }) {
    this.#settings = settings
    this.#books = deps.books
  }

  of(ura: string): number {
    return this.#books.register.quotas.get(ura) ?? this.#settings.clinics[ura] ?? this.#settings.node
  }

  /** Throws NOT_FOUND, REQUEST_DIFFERS when the other person asked for another number, SECOND_PERSON_REQUIRED. */
  async set(ura: string, { by, tokensPerDay, reason }: Wanted): Promise<'set' | { request: string }> {
    const act = await this.#books.record((register, now) => {
      if (!isMember(register, ura)) throw new TwiinError('NOT_FOUND')
      const asked = askOrAgree(register, by, { kind: 'quota', ura, tokensPerDay, reason }, now)
      if ('act' in asked) return asked
      const { request } = asked
      // Two people have to want the same number.
      if (request.kind !== 'quota' || request.tokensPerDay !== tokensPerDay)
        throw new TwiinError('REQUEST_DIFFERS')
      return { act: 'quota-set', ura, tokensPerDay, by: [asked.by, by], reason: request.reason }
    })
    return act.act === 'requested' ? { request: act.id } : 'set'
  }
}

function isMember(register: Register, ura: string): boolean {
  return [...register.keys.values()].some((key) => key.role === 'member' && key.ura === ura)
}
