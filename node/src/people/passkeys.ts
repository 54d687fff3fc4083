import { createHash } from 'node:crypto'
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { isTwiinError, TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import type { NewPasskey, PasskeyAnswer } from './passkey-answer.ts'
import type { People, Person } from './people-file.ts'
import type { SecondFactors } from './second-factors.ts'

interface Deps {
  factors: SecondFactors
  /** keyed credential id → user */
  owners: Repository<string>
  people: Pick<People, 'byId'>
  clock: Clock
  random: (bytes: number) => Uint8Array
}

/** What the library takes of how a browser reaches a key. */
type Transports = NonNullable<RegistrationResponseJSON['response']['transports']>

const challengeMs = 5 * 60_000
const mostChallenges = 10_000
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** Keys of WebAuthn that verify their user: instead of password and code (spec 23 §4). */
export class Passkeys {
  readonly #origin: string
  readonly #host: string
  readonly #name: string
  readonly #deps: Deps
  /** challenge → until when, and for whom a new key is to be */
  readonly #challenges = new Map<string, { until: number; forId: string | undefined }>()

  constructor(options: { publicUrl: string; name: string }, deps: Deps) {
    const url = new URL(options.publicUrl)
    this.#origin = url.origin
    this.#host = url.hostname
    this.#name = options.name
    this.#deps = deps
  }

  /** Where keys are good; a key belongs to a name, never to an address (WebAuthn level 3 §5.1.3): then nowhere. */
  get origin(): string | undefined {
    return /^[\d.]+$|:/.test(this.#host) ? undefined : this.#origin
  }

  /** For whoever comes: names nobody. */
  async challenge(): Promise<object> {
    const challenge = this.#newChallenge(undefined)
    return generateAuthenticationOptions({ rpID: this.#host, userVerification: 'required', challenge })
  }

  /** Whose answer this is; undefined when it is not right. The challenge counts no more either way. */
  async personOf(answer: PasskeyAnswer): Promise<Person | undefined> {
    const { factors, owners, people, clock } = this.#deps
    const owner = await owners.get(answer.id)
    const passkey = (await factors.of(owner ?? ''))?.passkeys.find((key) => key.credentialId === answer.id)
    const person = owner === undefined ? undefined : people.byId(owner)
    if (person === undefined || passkey === undefined) return undefined
    const verified = await verifyAuthenticationResponse({
      response: answer as AuthenticationResponseJSON,
      expectedChallenge: (challenge) => this.#take(challenge, undefined),
      ...{ expectedOrigin: this.#origin, expectedRPID: this.#host, requireUserVerification: true },
      credential: {
        id: passkey.credentialId,
        publicKey: Buffer.from(passkey.publicKey, 'base64url'),
        counter: passkey.counter,
        transports: [...passkey.transports] as Transports,
      },
    }).catch(() => undefined)
    if (verified?.verified !== true) return undefined
    const { newCounter } = verified.authenticationInfo
    try {
      // Before anybody is let in: of two answers with one counter the second is refused.
      await factors.changePasskey(person.id, passkey.id, (now) => {
        if (newCounter !== 0 && newCounter <= now.counter) throw new TwiinError('COUNTER_WENT_BACK')
        return { ...now, counter: newCounter, usedAt: clock.now() }
      })
    } catch (error) {
      if (isTwiinError(error, 'COUNTER_WENT_BACK') || isTwiinError(error, 'NOT_FOUND')) return undefined
      throw error
    }
    return person
  }

  /** For a new key of this person. */
  async newKeyChallenge(person: Person): Promise<object> {
    const known = (await this.#deps.factors.of(person.id))?.passkeys ?? []
    return generateRegistrationOptions({
      rpName: this.#name,
      rpID: this.#host,
      userName: person.id,
      userDisplayName: person.name,
      // The same for all keys of a person, and no name (WebAuthn level 3 §14.6.1).
      userID: new Uint8Array(createHash('sha256').update(`twiin/user/${person.id}`).digest()),
      challenge: this.#newChallenge(person.id),
      attestationType: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: known.map(({ credentialId, transports }) => ({
        id: credentialId,
        transports: [...transports] as Transports,
      })),
    })
  }

  /** Throws PASSKEY_REFUSED, PASSKEYS_FULL. */
  async add(person: Person, name: string, answer: NewPasskey): Promise<{ recoveryCodes?: string[] }> {
    const { factors, owners, clock, random } = this.#deps
    const { registrationInfo: made } = await verifyRegistrationResponse({
      response: answer as RegistrationResponseJSON,
      expectedChallenge: (challenge) => this.#take(challenge, person.id),
      ...{ expectedOrigin: this.#origin, expectedRPID: this.#host, requireUserVerification: true },
    }).catch(() => ({ registrationInfo: undefined }))
    if (made === undefined) throw new TwiinError('PASSKEY_REFUSED')
    const { id, publicKey, counter, transports = [] } = made.credential
    // Somebody's key stays theirs.
    if ((await owners.get(id)) !== undefined) throw new TwiinError('PASSKEY_REFUSED')
    const added = await factors.addPasskey(person.id, {
      ...{ id: base64url(random(9)), credentialId: id, publicKey: base64url(publicKey), counter },
      ...{ transports, name, addedAt: clock.now() },
    })
    await owners.put(id, person.id)
    return added
  }

  #newChallenge(forId: string | undefined): Uint8Array<ArrayBuffer> {
    const now = this.#deps.clock.now()
    for (const [key, { until }] of this.#challenges)
      if (until < now || this.#challenges.size >= mostChallenges) this.#challenges.delete(key)
    const challenge = new Uint8Array(this.#deps.random(32))
    this.#challenges.set(base64url(challenge), { until: now + challengeMs, forId })
    return challenge
  }

  #take(challenge: string, forId: string | undefined): boolean {
    const known = this.#challenges.get(challenge)
    this.#challenges.delete(challenge)
    return known !== undefined && known.forId === forId && known.until >= this.#deps.clock.now()
  }
}
