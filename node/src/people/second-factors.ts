import { createHash } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store, Update } from '@twiin/store'
import { enrolmentUrl, newSecret, stepOf } from '@twiin/web'
import type { UsedCodes } from '@twiin/web'
import type { People } from './people-file.ts'
import { newRecoveryCode, plainRecoveryCode } from './recovery-codes.ts'

/** A key of WebAuthn as it is kept. */
export interface Passkey {
  readonly id: string
  readonly credentialId: string
  /** COSE, base64url. */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  readonly name: string
  /** Milliseconds since the Unix epoch. */
  readonly addedAt: number
  readonly usedAt?: number
}

/** Sealed on disk. */
export interface Factors {
  /** When the first of them came; a reset after it ends all. */
  readonly since: number
  readonly totpSecret?: string
  /** SHA-256, hexadecimal, of each that was not used yet. */
  readonly recovery: readonly string[]
  readonly passkeys: readonly Passkey[]
}

interface Deps {
  store: Store
  /** keyed user id → second factors */
  factors: Repository<Factors>
  people: Pick<People, 'find'>
  usedCodes: UsedCodes
  clock: Clock
  random: (bytes: number) => Uint8Array
}

const pendingMs = 10 * 60_000
const mostPending = 1000
const mostWrong = 5
const recoveryCodes = 10
const mostPasskeys = 10

/** What people have besides their password (spec 23 §1). Every change is durable when it resolves. */
export class SecondFactors {
  readonly #issuer: string
  readonly #deps: Deps
  /** user → secret that was shown, and counts once a code of it came */
  readonly #pending = new Map<string, { secret: string; until: number; wrong: number }>()

  constructor(options: { issuer: string }, deps: Deps) {
    this.#issuer = options.issuer
    this.#deps = deps
  }

  /** What counts now. */
  async of(id: string): Promise<Factors | undefined> {
    return this.#current(id, await this.#deps.factors.get(id))
  }

  async has(id: string): Promise<boolean> {
    const factors = await this.of(id)
    return factors !== undefined && (factors.totpSecret !== undefined || factors.passkeys.length > 0)
  }

  /** Whether this code counts now; if so it never does again. Of an app, or a recovery code. */
  async take(id: string, code: string): Promise<'totp' | 'recovery' | undefined> {
    const factors = await this.of(id)
    if (factors?.totpSecret !== undefined && /^\d{6}$/.test(code)) {
      const step = stepOf(factors.totpSecret, code, this.#deps.clock.now())
      const counts = step !== undefined && (await this.#deps.usedCodes.claim(id, factors.totpSecret, step))
      return counts ? 'totp' : undefined
    }
    const plain = plainRecoveryCode(code)
    if (plain === undefined || factors === undefined) return undefined
    const spent = digest(plain)
    return this.#change(id, (now, put) => {
      // Digests of 80 random bits: how long a comparison takes tells nothing.
      if (now === undefined || !now.recovery.includes(spent)) return undefined
      put({ ...now, recovery: now.recovery.filter((each) => each !== spent) })
      return 'recovery' as const
    })
  }

  /** A new secret for an authenticator app. Shown once; whatever counted before goes on until it is confirmed. */
  beginTotp(id: string): { secret: string; otpauth: string } {
    const now = this.#deps.clock.now()
    for (const [key, { until }] of this.#pending)
      if (until < now || this.#pending.size >= mostPending) this.#pending.delete(key)
    const secret = newSecret()
    this.#pending.set(id, { secret, until: now + pendingMs, wrong: 0 })
    return { secret, otpauth: enrolmentUrl({ issuer: this.#issuer, id }, secret) }
  }

  /** The app shows the right codes: its secret counts from now on. Recovery codes with the first factor. Throws CODE_WRONG. */
  async confirmTotp(id: string, code: string): Promise<{ recoveryCodes?: string[] }> {
    const pending = this.#pending.get(id)
    const now = this.#deps.clock.now()
    if (pending === undefined || pending.until < now) throw new TwiinError('CODE_WRONG')
    const { secret } = pending
    const step = stepOf(secret, code, now)
    if (step === undefined || !(await this.#deps.usedCodes.claim(id, secret, step))) {
      if (++pending.wrong >= mostWrong) this.#pending.delete(id)
      throw new TwiinError('CODE_WRONG')
    }
    this.#pending.delete(id)
    return this.#withCodes(id, (factors) => ({ ...factors, totpSecret: secret }))
  }

  /** Ten new ones; those before count no more. Throws SECOND_FACTOR_MISSING. */
  async newRecoveryCodes(id: string): Promise<string[]> {
    if (!(await this.has(id))) throw new TwiinError('SECOND_FACTOR_MISSING')
    const codes = this.#codes()
    await this.#change(id, (now, put) => {
      if (now !== undefined) put({ ...now, recovery: codes.map(recoveryDigest) })
    })
    return codes
  }

  /** Throws PASSKEYS_FULL. */
  addPasskey(id: string, passkey: Passkey): Promise<{ recoveryCodes?: string[] }> {
    return this.#withCodes(id, (factors) => {
      if (factors.passkeys.length >= mostPasskeys) throw new TwiinError('PASSKEYS_FULL')
      return { ...factors, passkeys: [...factors.passkeys, passkey] }
    })
  }

  /** Throws NOT_FOUND. */
  async changePasskey(
    id: string,
    passkeyId: string,
    edit: (key: Passkey) => Passkey | undefined,
  ): Promise<void> {
    await this.#change(id, (now, put) => {
      const known = now?.passkeys.find((key) => key.id === passkeyId)
      if (now === undefined || known === undefined) throw new TwiinError('NOT_FOUND')
      const edited = edit(known)
      const others = now.passkeys.filter((key) => key !== known)
      put({ ...now, passkeys: edited === undefined ? others : [...others, edited] })
    })
  }

  async #withCodes(id: string, edit: (factors: Factors) => Factors): Promise<{ recoveryCodes?: string[] }> {
    const codes = this.#codes()
    return this.#change(id, (now, put) => {
      const isFirst = now === undefined || (now.totpSecret === undefined && now.passkeys.length === 0)
      const before = now ?? { since: this.#deps.clock.now(), recovery: [], passkeys: [] }
      const after = edit(before)
      put(isFirst ? { ...after, recovery: codes.map(recoveryDigest) } : after)
      return isFirst ? { recoveryCodes: codes } : {}
    })
  }

  #change<T>(id: string, work: (now: Factors | undefined, put: (factors: Factors) => void) => T): Promise<T> {
    const { store, factors } = this.#deps
    return store.update(`second-factors:${id}`, async (update: Update) =>
      work(this.#current(id, await update.get(factors, id)), (next) => update.put(factors, id, next)),
    )
  }

  /** What a reset ended is as if it never was. */
  #current(id: string, factors: Factors | undefined): Factors | undefined {
    const user = this.#deps.people.find(id)
    return factors === undefined || user === undefined || factors.since <= user.secondFactorResetAt
      ? undefined
      : factors
  }

  #codes(): string[] {
    return Array.from({ length: recoveryCodes }, () => newRecoveryCode(this.#deps.random))
  }
}

const digest = (plain: string) => createHash('sha256').update(plain).digest('hex')
const recoveryDigest = (code: string) => digest(plainRecoveryCode(code) ?? code)
