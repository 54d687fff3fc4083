import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ShiftableClock } from '@twiin/runtime'
import type { Facts, Logger } from '@twiin/runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TestBroker } from '../testing/test-broker.ts'
import { Broker } from './broker.ts'

const publicUrl = 'https://beelden.ziekenhuis.example'
const link = 'dAbCdEfGhIjKlMnOpQrStUv'
const bsn = '999990019'
/** What the provider says of each person. */
const claimsOf: Record<string, object> = {
  anna: { bsn },
  checked: { bsn, acr: 'urn:example:substantial' },
  unchecked: { bsn, acr: 'urn:example:low' },
  bert: { bsn: '999990020' },
  nobody: {},
  number: { bsn: 999_990_019 },
  typo: { bsn: '999990018' },
  short: { bsn: '99990019' },
  spaced: { bsn: ` ${bsn}` },
}
const clock = new ShiftableClock()
const refused = (reason: string): unknown =>
  expect.objectContaining({ code: 'BROKER_REFUSED', facts: { reason } })

let dir: string
let clientSecretFile: string
let provider: TestBroker
let broker: Broker
let logged: string[]

beforeAll(async () => {
  provider = await TestBroker.start({ redirectUri: `${publicUrl}/z/login`, claimsOf })
  dir = await mkdtemp(join(tmpdir(), 'twiin-broker-'))
  clientSecretFile = join(dir, 'secret')
  await writeFile(clientSecretFile, `${provider.secret}\n`)
}, 60_000)
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})
beforeEach(() => {
  broker = brokerAt(provider.origin)
})

function brokerAt(issuer: string, more: { acrValues?: string[] } = {}): Broker {
  logged = []
  // Not the real one, which would mask a BSN.
  const line = (event: string, facts?: Facts) => void logged.push(`${event} ${JSON.stringify(facts)}`)
  const log: Logger = { debug: line, info: line, warn: line, error: line, child: () => log }
  return new Broker(
    { issuer, clientId: 'twiin', clientSecretFile, bsnClaim: 'bsn', publicUrl, ...more },
    { clock, log },
  )
}

/** Goes there as this person; what the browser has when it is back. */
async function goAs(login: string | undefined): Promise<{ journey: string; query: string }> {
  const { url, journey } = await broker.depart(link)
  return { journey, query: (await provider.visit(url, login)).search.slice(1) }
}

describe('the broker says who a patient is', () => {
  it('whoever comes back is the BSN of the claim, at the link they left from', async () => {
    const { journey, query } = await goAs('anna')
    expect(broker.linkOf(journey)).toBe(link)
    await expect(broker.arrive(journey, query)).resolves.toEqual({ link, bsn })
    const other = await goAs('bert')
    await expect(broker.arrive(other.journey, other.query)).resolves.toEqual({ link, bsn: '999990020' })
  })

  it('the way there has state, nonce and PKCE, asks for a new log-in, and names no link', async () => {
    const { url } = await broker.depart(link)
    const query = new URL(url).searchParams
    expect(query.get('code_challenge_method')).toBe('S256')
    expect(query.get('prompt')).toBe('login')
    expect(query.get('redirect_uri')).toBe(`${publicUrl}/z/login`)
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(query.get(name)?.length).toBeGreaterThan(30)
    expect(url).not.toContain(link)
  })

  it.each(['nobody', 'number', 'typo', 'short', 'spaced'])(
    'no claim but nine digits that fit: %s',
    async (login) => {
      const { journey, query } = await goAs(login)
      await expect(broker.arrive(journey, query)).rejects.toEqual(refused('no-number'))
    },
  )

  it('who logged in at a lower level than was asked for, or at none, is not let in', async () => {
    broker = brokerAt(provider.origin, { acrValues: ['urn:example:substantial', 'urn:example:high'] })
    const { url } = await broker.depart(link)
    expect(new URL(url).searchParams.get('acr_values')).toBe('urn:example:substantial urn:example:high')
    const checked = await goAs('checked')
    await expect(broker.arrive(checked.journey, checked.query)).resolves.toEqual({ link, bsn })
    for (const login of ['unchecked', 'anna']) {
      const { journey, query } = await goAs(login)
      await expect(broker.arrive(journey, query)).rejects.toEqual(refused('too-weak'))
    }
    expect(logged.slice(-2).map((line) => /"level":"([^"]+)"/.exec(line)?.[1])).toEqual([
      ...['urn:example:low', 'none'],
    ])
  })

  it('another state is refused', async () => {
    const { journey, query } = await goAs('anna')
    const other = new URLSearchParams(query)
    other.set('state', 'somebody-elses-state-of-forty-three-letters')
    await expect(broker.arrive(journey, other.toString())).rejects.toEqual(refused('refused'))
  })

  it('an answer to another browser is refused', async () => {
    const [mine, other] = [await goAs('anna'), await goAs('bert')]
    await expect(broker.arrive(mine.journey, other.query)).rejects.toEqual(refused('refused'))
  })

  it('an answer counts once, whatever became of it', async () => {
    const { journey, query } = await goAs('anna')
    await broker.arrive(journey, query)
    await expect(broker.arrive(journey, query)).rejects.toEqual(refused('unknown'))
    const wrong = await goAs('anna')
    await expect(broker.arrive(wrong.journey, `${wrong.query}x`)).rejects.toEqual(refused('refused'))
    await expect(broker.arrive(wrong.journey, wrong.query)).rejects.toEqual(refused('unknown'))
  })

  it('a browser without the cookie, with an older one, or one that was changed, is not known', async () => {
    const { journey, query } = await goAs('anna')
    const changed = `${journey.startsWith('A') ? 'B' : 'A'}${journey.slice(1)}`
    for (const cookie of [undefined, '', 'x'.repeat(5000), changed, journey.slice(0, 20)])
      await expect(broker.arrive(cookie, query)).rejects.toEqual(refused('unknown'))
    await expect(brokerAt(provider.origin).arrive(journey, query)).rejects.toEqual(refused('unknown'))
    clock.moveOn(10 * 60_000 + 1)
    await expect(broker.arrive(journey, query)).rejects.toEqual(refused('unknown'))
  })

  it('who stops there is told so', async () => {
    const { journey, query } = await goAs(undefined)
    await expect(broker.arrive(journey, query)).rejects.toEqual(refused('declined'))
  })

  it('a broker that is not there is said to be, and asked anew the next time', async () => {
    const server = createServer((_request, response) => void response.writeHead(503).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const away = brokerAt(`http://127.0.0.1:${port}`)
    await expect(away.depart(link)).rejects.toEqual(refused('unavailable'))
    await new Promise((resolve) => server.close(resolve))
    await expect(away.depart(link)).rejects.toEqual(refused('unavailable'))
  })

  it('neither number, code, token nor link is in the log', async () => {
    const wrong = await goAs('anna')
    await broker.arrive(wrong.journey, `${wrong.query}x`).catch(() => {})
    const typo = await goAs('typo')
    await broker.arrive(typo.journey, typo.query).catch(() => {})
    const code = new URLSearchParams(wrong.query).get('code') ?? ''
    expect(logged.join('')).toContain('refused')
    for (const secret of [bsn, '999990018', code, link, 'eyJ']) expect(logged.join('')).not.toContain(secret)
  })
})
