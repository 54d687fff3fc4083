import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import type { Server, TLSSocket } from 'node:tls'
import { AuditLog } from '@twiin/audit'
import { createWebCertificate } from '@twiin/identity'
import { silentLogger, systemClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import type { Repository } from '@twiin/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../testing/test-hospital.ts'
import { SyslogSender } from './syslog-sender.ts'

const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], at: new Date() }
let dir: string
let store: Store
let log: AuditLog
let server: Server
let received: string[]
const sockets = new Set<TLSSocket>()
let position: Repository<number>

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'syslog-'))
  store = new Store({ dir: join(dir, 'db') }, { sealer: new Sealer(Buffer.alloc(32, 3)) })
  log = new AuditLog({}, { store, clock: systemClock })
  await store.start()
  await log.start()
  position = store.repository<number>('audit-syslog', { keys: 'plain-opaque' })
  received = []
  const made = await createWebCertificate(names)
  await writeFile(join(dir, 'ca.pem'), made.caCertificate)
  server = createServer({ key: made.key, cert: made.certificate }, takeFrames)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
  await store.stop()
  await rm(dir, { recursive: true })
})

/** RFC 5425 §4.3: octet counting. */
function takeFrames(socket: TLSSocket): void {
  sockets.add(socket)
  socket.on('error', () => {})
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const space = rest.indexOf(' ')
      const length = Number(rest.subarray(0, space).toString())
      if (space < 0 || rest.length < space + 1 + length) return
      received.push(rest.subarray(space + 1, space + 1 + length).toString('utf8'))
      rest = rest.subarray(space + 1 + length)
    }
  })
}

const sender = (caFile = join(dir, 'ca.pem')) =>
  new SyslogSender(
    { host: 'localhost', port: (server.address() as AddressInfo).port, caFile },
    {
      ...{ log, clock: systemClock, logger: silentLogger, random: (bytes: number) => Buffer.alloc(bytes) },
      position,
    },
  )
const append = (n: number) =>
  Promise.all(
    Array.from({ length: n }, () =>
      log.append({
        ...{ event: 'login', outcome: 'success', emergency: false },
        organisation: { ura: '90000001', name: 'A & <B>' },
      }),
    ),
  )
const numbers = () =>
  [...new Set(received.map((each) => Number(/ParticipantObjectID="90000001\.(\d+)"/.exec(each)?.[1])))].sort(
    (a, b) => a - b,
  )
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

it('every entry reaches the receiver, in order, also what was written while it was away', async () => {
  await append(250)
  const first = sender()
  await first.start()
  await eventually(() => numbers().length === 250)
  expect(numbers()).toEqual(upTo(250))
  // The line breaks, and the receiver is gone for a moment.
  for (const socket of sockets) socket.destroy()
  await append(20)
  await eventually(() => numbers().length === 270)
  await first.stop()
  await append(5)
  const again = sender()
  received = []
  await again.start()
  await eventually(() => numbers().includes(275))
  await again.stop()
  // Not the whole log once more: the place in it is on disk.
  expect(numbers()[0]).toBeGreaterThan(1)
  expect(numbers().at(-1)).toBe(275)
})

it('tells nothing to a receiver that does not prove who it is', async () => {
  await append(3)
  const other = await createWebCertificate(names)
  await writeFile(join(dir, 'other.pem'), other.caCertificate)
  const suspicious = sender(join(dir, 'other.pem'))
  await suspicious.start()
  await eventually(() => suspicious.failing)
  await suspicious.stop()
  expect(received).toEqual([])
})

const missing =
  spawnSync('which', ['xmllint']).status === 0 ? '' : ' (skipped: needs the Debian package libxml2-utils)'

it.skipIf(missing !== '')(`what it sends is XML that a parser takes${missing}`, async () => {
  await append(1)
  const one = sender()
  await one.start()
  await eventually(() => received.length > 0)
  await one.stop()
  const file = join(dir, 'message.xml')
  await writeFile(file, (received[0] ?? '').replace(/^[^\ufeff]*\ufeff/, ''))
  execFileSync('xmllint', ['--noout', file])
  expect(await readFile(file, 'utf8')).toContain('<AuditMessage>')
})
