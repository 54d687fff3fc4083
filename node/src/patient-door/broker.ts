import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { passesElevenTest } from '@twiin/patient-token'
import { isTwiinError, TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import type { Configuration } from 'openid-client'
import { fetchThrough } from './fetch-through.ts'

/** Who says that somebody is this patient: a broker of DigiD or the like. `share.oidc`, spec 25 §4 */
export interface BrokerSettings {
  issuer: string
  clientId: string
  clientSecretFile: string
  /** Claim of the ID token that holds the BSN: a text of nine digits. */
  bsnClaim: string
  /** Levels of assurance that are asked for (`acr_values`), of which the answer has to name one; without, none is looked at. */
  acrValues?: string[]
  /** Certificates that the broker's leads to; without it those that this machine trusts. */
  caFile?: string
}

/**
 * Why nobody was let in. `unknown`: no journey of this browser, or too old; `declined`: broken off at the broker;
 * `too-weak`: at a level that does not do for what lies here.
 */
export type BrokerFailure = 'unknown' | 'declined' | 'refused' | 'too-weak' | 'no-number' | 'unavailable'

/** A browser that went to the broker: in its cookie, sealed, so that nobody fills the door's memory by leaving. */
interface Journey {
  link: string
  until: number
  state: string
  nonce: string
  verifier: string
}

const callback = '/z/login'
export const journeyMs = 10 * 60_000
const askedAnewMs = 3_600_000
const mostArrived = 10_000
const mostCookie = 2048

/**
 * The log-in of patients: OpenID Connect, authorization code with PKCE (RFC 7636, OpenID Connect Core 1.0 §3.1). Of the
 * answer it takes the BSN alone; tokens are neither kept nor logged.
 */
export class Broker {
  readonly #settings: BrokerSettings
  readonly #redirectUri: string
  readonly #deps: { clock: Clock; log: Logger }
  /** Of this process: a journey ends with it. */
  readonly #key = randomBytes(32)
  /** States that came back, until nobody can have them any more: each journey once. */
  readonly #arrived = new Map<string, number>()
  #provider: { configuration: Promise<Configuration>; until: number } | undefined

  constructor(options: BrokerSettings & { publicUrl: string }, deps: { clock: Clock; log: Logger }) {
    this.#settings = options
    this.#redirectUri = new URL(callback, options.publicUrl).href
    this.#deps = deps
  }

  /** Where the browser goes, and the cookie by which it is known when it comes back. Throws BROKER_REFUSED (`unavailable`). */
  async depart(link: string): Promise<{ url: string; journey: string }> {
    const provider = await this.#configuration()
    const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()]
    const { acrValues } = this.#settings
    const url = buildAuthorizationUrl(provider, {
      redirect_uri: this.#redirectUri,
      scope: 'openid',
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      // Not who used this browser before.
      ...{ state, nonce, prompt: 'login' },
      ...(acrValues !== undefined && { acr_values: acrValues.join(' ') }),
    })
    const until = this.#deps.clock.now() + journeyMs
    return { url: url.href, journey: this.#seal({ link, until, state, nonce, verifier }) }
  }

  /** The link that a browser left from, when this cookie is one of ours and not too old. */
  linkOf(journey: string | undefined): string | undefined {
    return this.#unseal(journey)?.link
  }

  /** The BSN of who came back, with the query that the broker gave them. Throws BROKER_REFUSED with `reason` (a `BrokerFailure`). */
  async arrive(journey: string | undefined, query: string): Promise<{ link: string; bsn: string }> {
    const known = this.#unseal(journey)
    if (known === undefined || !this.#isFirst(known)) throw refused('unknown')
    const provider = await this.#configuration()
    const url = new URL(this.#redirectUri)
    url.search = query
    const tokens = await authorizationCodeGrant(provider, url, {
      ...{ pkceCodeVerifier: known.verifier, expectedState: known.state, expectedNonce: known.nonce },
      idTokenExpected: true,
    }).catch((error: unknown) => {
      throw refused(this.#whyNot(error))
    })
    const claims = tokens.claims()
    // Asked for is not given: a broker may answer with less (OpenID Connect Core 1.0 §3.1.2.1).
    const { acrValues, bsnClaim } = this.#settings
    if (acrValues !== undefined && !acrValues.some((level) => level === claims?.acr)) {
      // A level says nothing of a person; without it nobody finds out why no patient comes in.
      const level = typeof claims?.acr === 'string' && /^[!-~]{1,255}$/.test(claims.acr) ? claims.acr : 'none'
      this.#deps.log.warn('log-in of a patient too weak', { level })
      throw refused('too-weak')
    }
    const bsn = claims?.[bsnClaim]
    if (typeof bsn !== 'string' || !passesElevenTest(bsn)) throw refused('no-number')
    return { link: known.link, bsn }
  }

  #whyNot(error: unknown): BrokerFailure {
    const name = error instanceof Error ? error.name : 'unknown'
    const { code, error: answer } = error as { code?: unknown; error?: unknown }
    if (answer === 'access_denied') return 'declined'
    // The name alone: the message could hold what the broker said of the person.
    this.#deps.log.warn('log-in of a patient refused', { error: name })
    const isAway = name === 'TypeError' || code === 'OAUTH_TIMEOUT'
    return isAway || answer === 'temporarily_unavailable' || answer === 'server_error'
      ? 'unavailable'
      : 'refused'
  }

  #isFirst({ state, until }: Journey): boolean {
    const now = this.#deps.clock.now()
    for (const [key, end] of this.#arrived)
      if (end < now || this.#arrived.size >= mostArrived) this.#arrived.delete(key)
      else break
    if (this.#arrived.has(state)) return false
    this.#arrived.set(state, until)
    return true
  }

  #seal(journey: Journey): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const sealed = [
      nonce,
      cipher.update(JSON.stringify(journey), 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]
    return Buffer.concat(sealed).toString('base64url')
  }

  #unseal(text: string | undefined): Journey | undefined {
    if (text === undefined || text.length > mostCookie) return undefined
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length < 28) return undefined
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(-16))
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
      const journey = JSON.parse(plain.toString('utf8')) as Journey
      return journey.until < this.#deps.clock.now() ? undefined : journey
    } catch {
      return undefined
    }
  }

  #configuration(): Promise<Configuration> {
    const now = this.#deps.clock.now()
    if (this.#provider === undefined || this.#provider.until < now) {
      const configuration = this.#discover()
      this.#provider = { configuration, until: now + askedAnewMs }
      configuration.catch(() => (this.#provider = undefined))
    }
    return this.#provider.configuration
  }

  async #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecretFile, caFile } = this.#settings
    try {
      const secret = readFileSync(clientSecretFile, 'utf8').trim()
      const url = new URL(issuer)
      // The settings let a broker be on this machine without TLS; nowhere else.
      const insecure = url.protocol === 'http:' ? { execute: [allowInsecureRequests] } : {}
      const through =
        caFile === undefined ? {} : { [customFetch]: fetchThrough({ ca: readFileSync(caFile) }) }
      return await discovery(url, clientId, secret, undefined, { timeout: 10, ...insecure, ...through })
    } catch (error) {
      this.#deps.log.warn('broker unavailable', { error: error instanceof Error ? error.name : 'unknown' })
      throw refused('unavailable')
    }
  }
}

const refused = (reason: BrokerFailure) => new TwiinError('BROKER_REFUSED', { reason })

/** The reason of a BROKER_REFUSED; undefined for another error. */
export const failureOf = (error: unknown): BrokerFailure | undefined =>
  isTwiinError(error, 'BROKER_REFUSED') ? (error.facts['reason'] as BrokerFailure) : undefined
