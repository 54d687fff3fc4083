/** What the demo puts around shares, by clients of others: openid-client at the simulated broker, nodemailer at the mail catcher. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  discovery,
} from 'openid-client'
import type { Configuration } from 'openid-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BrokerSimulator } from '../../scripts/demo-network/broker-simulator.ts'
import { MailCatcher } from '../../scripts/demo-network/mail-catcher.ts'

const redirectUri = 'https://beelden.ziekenhuis.example/z/login'
const anna = { bsn: '999990019', name: 'Voorbeeld^Anna', note: '<nobody>' }
const [state, nonce, verifier] = ['state-of-the-test', 'nonce-of-the-test', 'v'.repeat(43)]

let broker: BrokerSimulator
beforeEach(async () => {
  broker = await BrokerSimulator.start([anna])
  broker.register('90000001', { secret: 'right', redirectUri })
})
afterEach(() => broker.close())

const client = (secret = 'right') =>
  discovery(new URL(broker.url), '90000001', secret, undefined, { execute: [allowInsecureRequests] })

async function authorizationUrl(configuration: Configuration, redirect_uri = redirectUri): Promise<URL> {
  const code_challenge = await calculatePKCECodeChallenge(verifier)
  const challenge = { code_challenge, code_challenge_method: 'S256' }
  return buildAuthorizationUrl(configuration, { redirect_uri, scope: 'openid', state, nonce, ...challenge })
}

/** Picks this person on the page; the way back. */
async function choose(configuration: Configuration, bsn: string): Promise<URL> {
  const page = await (await fetch(await authorizationUrl(configuration))).text()
  const id = /name="id" value="([^"]+)"/.exec(page)?.[1] ?? ''
  const body = new URLSearchParams({ id, bsn })
  const answer = await fetch(`${broker.url}/choose`, { method: 'POST', redirect: 'manual', body })
  return new URL(answer.headers.get('location') ?? '')
}

const checks = {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
}

test('whoever is picked comes back signed for, once', async () => {
  const configuration = await client()
  const back = await choose(configuration, anna.bsn)
  const tokens = await authorizationCodeGrant(configuration, back, checks)
  expect(tokens.claims()).toMatchObject({ bsn: anna.bsn, aud: '90000001', nonce })
  await expect(authorizationCodeGrant(configuration, back, checks)).rejects.toThrow()
})

test('not with another verifier, nor with another secret; each attempt spends the code', async () => {
  const configuration = await client()
  for (const attempt of [
    { configuration, checks: { ...checks, pkceCodeVerifier: 'w'.repeat(43) } },
    { configuration: await client('wrong'), checks },
  ]) {
    const back = await choose(configuration, anna.bsn)
    await expect(authorizationCodeGrant(attempt.configuration, back, attempt.checks)).rejects.toThrow()
    await expect(authorizationCodeGrant(configuration, back, checks)).rejects.toThrow()
  }
})

test('nobody who is not on the page, and no other way back', async () => {
  const configuration = await client()
  for (const bsn of ['', '999990020'])
    expect((await choose(configuration, bsn)).searchParams.get('error')).toBe('access_denied')
  const elsewhere = await authorizationUrl(configuration, 'https://elsewhere.example/')
  expect((await fetch(elsewhere)).status).toBe(400)
})

test('every page says that it is a simulator', async () => {
  const configuration = await client()
  for (const address of [
    (await authorizationUrl(configuration)).href,
    `${broker.url}/`,
    `${broker.url}/authorize`,
  ]) {
    const page = await (await fetch(address)).text()
    expect(page).toContain('<title>SIMULATOR')
    expect(page).toContain('SIMULATOR. Dit is geen echte inlog.')
    expect(page).not.toContain('<nobody>')
  }
})

test('mails become files in order, seen when they are whole, and numbers go on at the next start', async () => {
  const dir = join(await mkdtemp(join(tmpdir(), 'twiin-mails-')), 'mail')
  const send = (catcher: MailCatcher, texts: string[]) => {
    const transport = createTransport({ host: '127.0.0.1', port: catcher.port })
    return Promise.all(
      texts.map((text) =>
        transport.sendMail({ from: 'a@b.example', to: 'c@d.example', subject: text, text }),
      ),
    )
  }
  const first = await MailCatcher.start(dir)
  await send(first, ['een'])
  await send(first, ['twee', 'drie'])
  await first.close()
  const second = await MailCatcher.start(dir)
  await send(second, ['vier'])
  await second.close()
  expect((await readdir(dir)).toSorted()).toEqual(['001.eml', '002.eml', '003.eml', '004.eml'])
  expect(await readFile(join(dir, '001.eml'), 'utf8')).toContain('Subject: een')
  expect(await readFile(join(dir, '004.eml'), 'utf8')).toContain('Subject: vier')
  await rm(join(dir, '..'), { recursive: true })
})
