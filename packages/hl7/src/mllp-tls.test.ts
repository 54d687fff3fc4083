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

/** MSA-1, or the code of what went wrong. */
async function told(
  tls: NonNullable<MllpServerOptions['tls']>,
  mine: MllpClientOptions['tls'],
): Promise<{ answer: string; received: number }> {
  let received = 0
  const receiver: MllpReceiver = {
    receive: async (bytes) => {
      received++
      const us = { application: 'T', facility: 'A', now: 0, controlId: 'x' }
      return acknowledge(readHeader(bytes).header, { code: 'AA' }, us)
    },
  }
  const at = new MllpServer({ host: '127.0.0.1', port: 0, tls }, { receiver, log: silentLogger })
  await at.start()
  const client = new MllpClient(
    { host: '127.0.0.1', port: at.address().port, attempts: 1, ...(mine === undefined ? {} : { tls: mine }) },
    { clock: systemClock, log: silentLogger },
  )
  const answer = await client.send(message).then(
    ({ code }) => code as string,
    (error: unknown) => (error as { code: string }).code,
  )
  await client.close()
  await at.stop()
  return { answer, received }
}

describe('MLLP over TLS', () => {
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
