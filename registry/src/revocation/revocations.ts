import { TwiinError } from '@twiin/runtime'
import type { ActOf, Person, Request } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { KnownKey, Register } from '../ledger/register.ts'
import { askOrAgree, mustBeAdministrator, openRequestLike } from '../requests/second-person.ts'

type Kind = 'revocation' | 'suspension' | 'resumption'
type Ending = ActOf<'revoked' | 'suspended'>

export interface Wish {
  readonly by: Person
  readonly reason: string
  /** One person alone, at once; another one reviews it afterwards. Not for a resumption. */
  readonly emergency?: boolean
}

/** `recorded`: it waits for a second person, under this request. `done`: it has happened. */
export type Outcome =
  | { readonly state: 'recorded'; readonly request: string }
  | { readonly state: 'done'; readonly request?: never }

/**
 * Revokes a key for ever, or suspends it and takes that back: when two people say so, or one in an emergency. It is the
 * **key** that ends: a certificate is revoked because of its key or its holder, so its siblings go with it, and so does
 * renewal. spec 06 §4
 */
export class Revocations {
  readonly #books: Books

  constructor(_options: object, deps: { books: Books }) {
    this.#books = deps.books
  }

  /** Throws NOT_FOUND, KEEPER_KEY, ALREADY_REVOKED, SECOND_PERSON_REQUIRED. */
  revoke(serial: string, wish: Wish): Promise<Outcome> {
    return this.#end('revoked', 'revocation', serial, wish)
  }

  /** The same, until it is resumed. Throws ALREADY_SUSPENDED too. */
  suspend(serial: string, wish: Wish): Promise<Outcome> {
    return this.#end('suspended', 'suspension', serial, wish)
  }

  /** Always by two people. Throws NOT_FOUND, KEEPER_KEY, ALREADY_REVOKED, NOT_SUSPENDED, SECOND_PERSON_REQUIRED. */
  async resume(serial: string, { by, reason }: Wish): Promise<Outcome> {
    const act = await this.#books.record((register, now) => {
      const { peerId, ended } = keyOf(register, serial)
      if (ended?.state === 'revoked') throw new TwiinError('ALREADY_REVOKED')
      if (ended === undefined) throw new TwiinError('NOT_SUSPENDED')
      const asked = askOrAgree(register, by, wanted('resumption', peerId, serial, reason), now)
      if ('act' in asked) return asked
      return { act: 'resumed', peerId, by: [asked.by, by], reason: asked.request.reason }
    })
    return outcomeOf(act)
  }

  /**
   * What another person says of an act that one did alone. A suspension that is not upheld ends with it; a revocation
   * stays whatever is said: who had the key once may still have it, so the clinic enrols a new one.
   * Throws NOT_FOUND, NOTHING_TO_REVIEW, SECOND_PERSON_REQUIRED.
   */
  async review(serial: string, { by, upheld }: { by: Person; upheld: boolean }): Promise<KnownKey> {
    const { peerId } = await this.#books.record((register): ActOf<'reviewed'> => {
      mustBeAdministrator(register, by)
      const { peerId, ended } = keyOf(register, serial)
      if (ended?.by.length !== 1 || ended.reviewed !== undefined) throw new TwiinError('NOTHING_TO_REVIEW')
      if (ended.by.includes(by)) throw new TwiinError('SECOND_PERSON_REQUIRED', { by })
      return { act: 'reviewed', peerId, by, upheld }
    })
    const key = this.#books.register.keys.get(peerId)
    if (key === undefined) throw new TwiinError('NOT_FOUND')
    return key
  }

  async #end(act: Ending['act'], kind: Kind, serial: string, wish: Wish): Promise<Outcome> {
    const recorded = await this.#books.record((register, now) => {
      const { peerId, ended, serials } = keyOf(register, serial)
      if (ended?.state === 'revoked') throw new TwiinError('ALREADY_REVOKED')
      if (ended?.state === act) throw new TwiinError('ALREADY_SUSPENDED')
      const agreed = agree(register, wanted(kind, peerId, serial, wish.reason), wish, now)
      return 'act' in agreed ? agreed : { act, peerId, serials: [...serials], ...agreed }
    })
    return outcomeOf(recorded)
  }
}

/** Who wants it, and why: two people, or one in an emergency when nobody else had asked before. */
function agree(
  register: Register,
  request: Request,
  { by, reason, emergency = false }: Wish,
  now: number,
): ActOf<'requested'> | { by: Person[]; reason: string } {
  const open = openRequestLike(register, request, now)
  if (emergency && (open === undefined || open.by === by)) {
    mustBeAdministrator(register, by)
    return { by: [by], reason }
  }
  const asked = askOrAgree(register, by, request, now)
  return 'act' in asked ? asked : { by: [asked.by, by], reason: asked.request.reason }
}

function keyOf(register: Register, serial: string): KnownKey {
  const certificate = register.certificates.get(serial)
  const key = certificate && register.keys.get(certificate.peerId)
  if (key === undefined) throw new TwiinError('NOT_FOUND')
  // The keeper's key stands in every bundle; taking it out is a new ceremony, not a call.
  if (key.role === 'keeper') throw new TwiinError('KEEPER_KEY')
  return key
}

function wanted(kind: Kind, peerId: string, serial: string, reason: string): Request {
  return { kind, peerId, serial, reason }
}

function outcomeOf(act: { act: string; id?: string }): Outcome {
  return act.act === 'requested' ? { state: 'recorded', request: act.id ?? '' } : { state: 'done' }
}
