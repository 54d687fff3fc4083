import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { choicePage, refusalPage } from './broker-pages.ts'
import type { SimulatedPerson } from './broker-pages.ts'

interface Client {
  secret: string
  redirectUri: string
}

/** What a hospital asked for, until somebody chose; then under a code, until the hospital fetched the answer. */
interface Asked {
  clientId: string
  redirectUri: string
  state: string
  nonce: string
  challenge: string
}
interface Chosen extends Asked {
  bsn: string
  until: number
}

const mostWaiting = 1000
const codeMs = 60_000
const keyId = 'simulator'

/**
 * SIMULATOR of a broker that says who a patient is (OpenID Connect Core 1.0, code with PKCE, RS256): whoever is there picks
 * a person. For the demo: on this machine only, in front of nobody’s images but invented ones.
 */
export class BrokerSimulator {
  readonly #clients = new Map<string, Client>()
  readonly #people: readonly SimulatedPerson[]
  readonly #asked = new Map<string, Asked>()
  readonly #chosen = new Map<string, Chosen>()
  readonly #key: KeyObject
  readonly #jwks: object
  readonly #server: Server

  private constructor(people: readonly SimulatedPerson[]) {
    this.#people = people
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.#key = privateKey
    this.#jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'RS256' }] }
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => page(response, 400, refusalPage()))
    })
  }

  static async start(people: readonly SimulatedPerson[]): Promise<BrokerSimulator> {
    const simulator = new BrokerSimulator(people)
    await new Promise<void>((resolve) => simulator.#server.listen(0, '127.0.0.1', resolve))
    return simulator
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** A hospital that may send people here, and where they go back to. */
  register(clientId: string, client: Client): void {
    this.#clients.set(clientId, client)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url)
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return json(response, 200, this.#metadata())
      case 'GET /jwks':
        return json(response, 200, this.#jwks)
      case 'GET /authorize':
        return this.#authorize(url.searchParams, response)
      case 'POST /choose':
        return this.#choose(await formOf(request), response)
      case 'POST /token':
        return this.#token(await formOf(request), response)
      default:
        return page(response, 404, refusalPage())
    }
  }

  #metadata(): object {
    const { url } = this
    return {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      jwks_uri: `${url}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    }
  }

  #authorize(query: URLSearchParams, response: ServerResponse): void {
    const of = (name: string) => query.get(name) ?? ''
    const client = this.#clients.get(of('client_id'))
    const isCode = of('response_type') === 'code' && of('code_challenge_method') === 'S256'
    if (client === undefined || client.redirectUri !== of('redirect_uri') || !isCode)
      return page(response, 400, refusalPage())
    for (const [key] of this.#asked) if (this.#asked.size >= mostWaiting) this.#asked.delete(key)
    const id = randomBytes(16).toString('base64url')
    this.#asked.set(id, {
      ...{ clientId: of('client_id'), redirectUri: client.redirectUri },
      ...{ state: of('state'), nonce: of('nonce'), challenge: of('code_challenge') },
    })
    return page(response, 200, choicePage(id, this.#people))
  }

  #choose(form: URLSearchParams, response: ServerResponse): void {
    const id = form.get('id') ?? ''
    const asked = this.#asked.get(id)
    const bsn = form.get('bsn') ?? ''
    if (asked === undefined) return page(response, 400, refusalPage())
    this.#asked.delete(id)
    const back = new URL(asked.redirectUri)
    back.searchParams.set('state', asked.state)
    if (this.#people.some((person) => person.bsn === bsn)) {
      const code = randomBytes(32).toString('base64url')
      this.#chosen.set(code, { ...asked, bsn, until: Date.now() + codeMs })
      back.searchParams.set('code', code)
    } else back.searchParams.set('error', 'access_denied')
    response.writeHead(303, { location: back.href, 'cache-control': 'no-store' }).end()
  }

  #token(form: URLSearchParams, response: ServerResponse): void {
    const of = (name: string) => form.get(name) ?? ''
    const chosen = this.#chosen.get(of('code'))
    // Once, also when what comes with it is wrong.
    this.#chosen.delete(of('code'))
    const client = this.#clients.get(of('client_id'))
    if (client === undefined || client.secret !== of('client_secret'))
      return json(response, 401, { error: 'invalid_client' })
    const challenge = createHash('sha256').update(of('code_verifier')).digest('base64url')
    const isRight =
      chosen !== undefined &&
      chosen.until > Date.now() &&
      chosen.clientId === of('client_id') &&
      chosen.redirectUri === of('redirect_uri') &&
      chosen.challenge === challenge
    if (!isRight) return json(response, 400, { error: 'invalid_grant' })
    return json(response, 200, {
      ...{ access_token: randomBytes(16).toString('base64url'), token_type: 'Bearer', expires_in: 60 },
      id_token: this.#idToken(chosen),
    })
  }

  #idToken({ bsn, clientId, nonce }: Chosen): string {
    const now = Math.floor(Date.now() / 1000)
    const subject = createHash('sha256').update(`${clientId} ${bsn}`).digest('base64url')
    const claims = { iss: this.url, aud: clientId, sub: subject, nonce, bsn, iat: now, exp: now + 60 }
    const encoded = [{ alg: 'RS256', typ: 'JWT', kid: keyId }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const signed = encoded.join('.')
    return `${signed}.${sign('sha256', Buffer.from(signed), this.#key).toString('base64url')}`
  }
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const { 'content-length': length = '0' } = request.headers
  if (Number(length) > 16 * 1024) throw new Error('too long')
  return new URLSearchParams(await text(request))
}

function json(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))
}

function page(response: ServerResponse, status: number, body: string): void {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ...{ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  }
  response.writeHead(status, headers).end(body)
}
