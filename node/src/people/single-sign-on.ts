import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isTwiinError, TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import type { Configuration } from 'openid-client'
import type { ConfirmedAct } from '../http/confirm-person.ts'
import type { OidcSettings } from './sign-in-settings.ts'
import { signedOnPrefix } from './people-file.ts'
import type { Person, Role } from './people-file.ts'

/** A browser that went to the provider, until it is back. */
interface Journey {
  until: number
  state: string
  nonce: string
  verifier: string
  leave: Leave
}

/** What there was when a browser left. */
interface Leave {
  /** The secret of the session that the browser had. */
  readonly before: string | undefined
  /** The person of that session signs on once more; otherwise a new one takes its place. */
  readonly confirms: boolean
  /** What for, when it is to count for that alone. */
  readonly act: ConfirmedAct | undefined
}

export interface Arrival extends Leave {
  readonly person: Person
}

const journeyMs = 10 * 60_000
const mostJourneys = 10_000
const askedAnewMs = 3_600_000
/** Clocks of two machines, and the time it takes to come back. */
const freshSeconds = 60
const callback = '/api/v1/session/sign-on/callback'

/**
 * Id here of who has this subject at the provider: at most 64 characters, of two subjects never the same. A long subject
 * (OpenID Connect allows 255) keeps its begin, for people to read, and its SHA-256; all of those are 64 long and no other is.
 */
export function signedOnId(subject: string): string {
  const whole = `${signedOnPrefix}${subject}`
  if (whole.length < 64) return whole
  const digest = createHash('sha256').update(subject).digest('base64url')
  return `${signedOnPrefix}${subject.slice(0, 16).toWellFormed()}~${digest}`
}

/** The hospital's own log-in: OpenID Connect, authorization code with PKCE (spec 23 §5). */
export class SignOn {
  readonly #settings: OidcSettings
  readonly #redirectUri: string
  readonly #deps: { clock: Clock; log: Logger }
  readonly #journeys = new Map<string, Journey>()
  #provider: { configuration: Promise<Configuration>; until: number } | undefined

  constructor(options: OidcSettings & { publicUrl: string }, deps: { clock: Clock; log: Logger }) {
    this.#settings = options
    this.#redirectUri = new URL(callback, options.publicUrl).href
    this.#deps = deps
  }

  /** Where the browser goes, and the secret by which it is known when it comes back. Throws SIGN_ON_UNAVAILABLE. */
  async depart(leave: Leave): Promise<{ url: string; journey: string }> {
    const provider = await this.#configuration()
    const now = this.#deps.clock.now()
    for (const [key, { until }] of this.#journeys)
      if (until < now || this.#journeys.size >= mostJourneys) this.#journeys.delete(key)
    const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()]
    const url = buildAuthorizationUrl(provider, {
      redirect_uri: this.#redirectUri,
      scope: this.#settings.scope,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state, nonce },
      ...(leave.confirms ? { prompt: 'login', max_age: '0' } : {}),
    })
    const journey = randomBytes(32).toString('base64url')
    this.#journeys.set(journey, { until: now + journeyMs, state, nonce, verifier, leave })
    return { url: url.href, journey }
  }

  /**
   * Who came back, with the query that the provider gave them. Each journey once. Throws SIGN_ON_REFUSED with the fact
   * `reason`: JOURNEY_UNKNOWN, ANSWER_INVALID, ROLE_NOT_GIVEN; SIGN_ON_UNAVAILABLE.
   */
  async arrive(journey: string | undefined, query: string): Promise<Arrival> {
    const known = journey === undefined ? undefined : this.#journeys.get(journey)
    if (journey !== undefined) this.#journeys.delete(journey)
    if (known === undefined || known.until < this.#deps.clock.now())
      throw new TwiinError('SIGN_ON_REFUSED', { reason: 'JOURNEY_UNKNOWN' })
    const provider = await this.#configuration()
    const { state, nonce, verifier, leave } = known
    const url = new URL(this.#redirectUri)
    url.search = query
    const tokens = await authorizationCodeGrant(provider, url, {
      ...{ pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
      ...(leave.confirms ? { maxAge: freshSeconds } : {}),
    }).catch((error: unknown) => {
      // The message could hold what the provider said of the person.
      this.#deps.log.warn('sign-on refused', { error: error instanceof Error ? error.name : 'unknown' })
      throw new TwiinError('SIGN_ON_REFUSED', { reason: 'ANSWER_INVALID' })
    })
    const claims = tokens.claims()
    if (claims === undefined) throw new TwiinError('SIGN_ON_REFUSED', { reason: 'ANSWER_INVALID' })
    const role = this.#roleOf(claims[this.#settings.roleClaim])
    if (role === undefined) throw new TwiinError('SIGN_ON_REFUSED', { reason: 'ROLE_NOT_GIVEN' })
    const id = signedOnId(claims.sub)
    const name = typeof claims['name'] === 'string' ? claims['name'].slice(0, 128) : id
    return { person: { id, name, role }, ...leave }
  }

  /** Where the person logs out at the provider; undefined when it has no such address, or they did not come by it. */
  async logOutUrl({ id }: Person): Promise<string | undefined> {
    if (!id.startsWith(signedOnPrefix)) return undefined
    try {
      const provider = await this.#configuration()
      if (provider.serverMetadata().end_session_endpoint === undefined) return undefined
      const back = new URL('/', this.#redirectUri).href
      return buildEndSessionUrl(provider, { post_logout_redirect_uri: back }).href
    } catch (error) {
      // Out here, whatever the provider does.
      if (isTwiinError(error, 'SIGN_ON_UNAVAILABLE')) return undefined
      throw error
    }
  }

  /** Deny by default: the first entry of the settings that the claim holds. */
  #roleOf(claim: unknown): Role | undefined {
    const given: unknown[] = Array.isArray(claim) ? claim : [claim]
    return Object.entries(this.#settings.roles).find(([value]) => given.includes(value))?.[1]
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
    const { issuer, clientId, clientSecretFile } = this.#settings
    try {
      const secret = readFileSync(clientSecretFile, 'utf8').trim()
      const url = new URL(issuer)
      // The settings let a provider be on this machine without TLS; nowhere else.
      const insecure = url.protocol === 'http:' ? { execute: [allowInsecureRequests] } : {}
      return await discovery(url, clientId, secret, undefined, { timeout: 10, ...insecure })
    } catch (error) {
      this.#deps.log.warn('sign-on provider unavailable', {
        error: error instanceof Error ? error.name : 'unknown',
      })
      throw new TwiinError('SIGN_ON_UNAVAILABLE')
    }
  }
}
