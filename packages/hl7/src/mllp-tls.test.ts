import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@twiin/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MllpClient, MllpServer, acknowledge, readHeader } from './index.ts'
import type { MllpClientOptions, MllpReceiver, MllpServerOptions } from './index.ts'

interface Certificate {
  cert: Buffer
  key: Buffer
}

let dir: string
let server: Certificate
let sender: Certificate
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'twiin-mllp-tls-'))
  server = certificate('server')
  sender = certificate('sender')
})
afterAll(() => rmSync(dir, { recursive: true }))

/** Signed by itself, for localhost. */
function certificate(name: string): Certificate {
  const [key, cert] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)]
  const how = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'.split(' ')
  const whose = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync('openssl', ['req', ...how, ...whose, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert: readFileSync(cert), key: readFileSync(key) }
}

const message = Buffer.from('MSH|^~\\&|ZIS|A|T|A|||ADT^A08|1|P|2.5\rPID|\r')

function answerTo(bytes: Buffer): Buffer {
  const us = { application: 'T', facility: 'A', now: 0, controlId: 'x' }
  return acknowledge(readHeader(bytes).header, { code: 'AA' }, us)
}

/** MSA-1, or the code of what went wrong. */
async function told(
  tls: NonNullable<MllpServerOptions['tls']>,
  mine: MllpClientOptions['tls'],
): Promise<{ answer: string; received: number }> {
  let received = 0
  const receiver: MllpReceiver = {
    receive: async (bytes) => {
      received++
      return answerTo(bytes)
    },
  }
  const at = new MllpServer({ host: '127.0.0.1', port: 0, tls }, { receiver, log: silentLogger })
  await at.start()
  const client = new MllpClient(
    { host: '127.0.0.1', port: at.address().port, attempts: 1, ...(mine === undefined ? {} : { tls: mine }) },
    { clock: systemClock, log: silentLogger },
  )
  const answer = await client.send(message).then(
    ({ code }) => code,
    (error: unknown) => (error as { code: string }).code,
  )
  await client.close()
  await at.stop()
  return { answer, received }
}

describe('MLLP over TLS', () => {
  it('is open to others after who left while it was being agreed on, and stops without waiting for them', async () => {
    const receiver: MllpReceiver = { receive: (bytes) => Promise.resolve(answerTo(bytes)) }
    const limits = { maxConnections: 1 }
    const at = new MllpServer(
      { host: '127.0.0.1', port: 0, tls: server, limits, timeouts: { handshakeMs: 200 } },
      { receiver, log: silentLogger },
    )
    await at.start()
    const { port } = at.address()
    const send = async (ca: Buffer) => {
      const client = new MllpClient(
        { host: '127.0.0.1', port, attempts: 1, tls: { ca }, answerMs: 2000 },
        { clock: systemClock, log: silentLogger },
      )
      const answer = await client.send(message).then(
        ({ code }) => code,
        () => undefined,
      )
      await client.close()
      return answer
    }
    // As many as there is room for, and one more.
    for (let i = 0; i < 5; i++) expect(await send(sender.cert)).toBeUndefined()
    await expect.poll(() => send(server.cert), { timeout: 10_000 }).toBe('AA')
    expect(await send(sender.cert)).toBeUndefined()
    await at.stop()
  })

  it('carries a message and its answer', async () => {
    expect(await told(server, { ca: server.cert })).toEqual({ answer: 'AA', received: 1 })
  })

  it('is spoken with nobody whose certificate was not expected, and never in the clear', async () => {
    const nothing = { answer: 'HL7_NO_ANSWER', received: 0 }
    expect(await told(server, { ca: sender.cert })).toEqual(nothing)
    expect(await told(server, undefined)).toEqual(nothing)
  })

  it('takes messages only of who shows a certificate, where senders must', async () => {
    const asking = { ...server, ca: sender.cert, requestCert: true, rejectUnauthorized: true }
    const nothing = { answer: 'HL7_NO_ANSWER', received: 0 }
    expect(await told(asking, { ca: server.cert, ...sender })).toEqual({ answer: 'AA', received: 1 })
    expect(await told(asking, { ca: server.cert })).toEqual(nothing)
    expect(await told(asking, { ca: server.cert, ...server })).toEqual(nothing)
  })
})
