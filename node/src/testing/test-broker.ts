import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

interface TestBrokerOptions {
  redirectUri: string
  /** What it says of each person, by the name they log in with. */
  claimsOf: Readonly<Record<string, object>>
}

/** A broker by others (oidc-provider) on this machine, with its own pages for log-in and consent. Knows one client, `twiin`. */
export class TestBroker implements AsyncDisposable {
  readonly secret = 'a secret of the client'
  readonly origin: string
  readonly #server: Server
  readonly #redirectUri: string

  private constructor(server: Server, { redirectUri, claimsOf }: TestBrokerOptions) {
    this.#server = server
    this.#redirectUri = redirectUri
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const provider = new Provider(this.origin, {
      clients: [
        {
          ...{ client_id: 'twiin', client_secret: this.secret, redirect_uris: [redirectUri] },
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      claims: { openid: ['sub', 'bsn'] },
      conformIdTokenClaims: false,
      // Its own pages know no levels: how somebody logged in follows from who it is.
      acrValues: Object.values(claimsOf).flatMap((claims) => levelIn(claims) ?? []),
      loadExistingGrant: async ({ oidc: { provider, session, client, result } }) => {
        const level = levelIn(claimsOf[session?.accountId ?? ''] ?? {})
        if (session !== undefined && level !== undefined) session.acr = level
        const id = result?.consent?.grantId ?? session?.grantIdFor(client?.clientId ?? '')
        return id === undefined ? undefined : provider.Grant.find(id)
      },
      pkce: { required: () => true },
      ttl: {
        ...{ AccessToken: 600, AuthorizationCode: 60, Grant: 600 },
        ...{ IdToken: 600, Interaction: 600, Session: 600 },
      },
      cookies: { keys: ['a key of the test'] },
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, ...claimsOf[id] }),
      }),
    })
    const handle = provider.callback()
    server.on('request', (request, response) => void handle(request, response))
  }

  static async start(options: TestBrokerOptions): Promise<TestBroker> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new TestBroker(server, options)
  }

  /** A browser that logs in there by this name, or stops there without one: the way back. */
  async visit(url: string, login: string | undefined): Promise<URL> {
    const cookies = new Map<string, string>()
    let answer = await ask(cookies, url)
    for (let steps = 0; steps < 12; steps++) {
      const next = answer.headers.get('location')
      if (next !== null) {
        const target = new URL(next, url)
        if (target.href.startsWith(`${this.#redirectUri}?`)) return target
        answer = await ask(cookies, target.href)
        continue
      }
      const text = await answer.text()
      const abort = /href="([^"]+\/abort)"/.exec(text)?.[1]
      const action = /action="([^"]+)"/.exec(text)?.[1]
      if (login === undefined && abort !== undefined) answer = await ask(cookies, new URL(abort, url).href)
      else if (action === undefined) throw new Error(text.slice(0, 200))
      else {
        const prompt = text.includes('name="login"') ? 'login' : 'consent'
        const form = new URLSearchParams({ prompt, login: login ?? '', password: 'x' })
        answer = await ask(cookies, new URL(action, url).href, form)
      }
    }
    throw new Error('no way back')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

async function ask(cookies: Map<string, string>, url: string, body?: URLSearchParams): Promise<Response> {
  const answer = await fetch(url, {
    redirect: 'manual',
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    ...(body !== undefined && { method: 'POST', body }),
  })
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    cookies.set(name, value)
  }
  return answer
}

function levelIn(claims: object): string | undefined {
  return 'acr' in claims ? String(claims.acr) : undefined
}
