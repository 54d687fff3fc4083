/**
 * A registry that certifies two clinics, renews, suspends, resumes and revokes, and says on stdout what its clients were
 * told, as soon as they were; for registry-crash-points.test.ts, which kills it.
 *
 * certify-few-clinics.ts DIR work|look
 * `look` does nothing, and says what it finds after a restart.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import type { NodeKey } from '@twiin/identity'
import { TestRegistry } from '../../registry/src/testing.ts'

const [dir = '', mode] = process.argv.slice(2)
const say = (...words: string[]) => process.stdout.write(`${words.join(' ')}\n`)
const serialIn = (pem: string) => new X509Certificate(pem).serialNumber.toLowerCase().replace(/^(00)+/, '')

const registry = await TestRegistry.at(dir)
if (mode === 'work') await work()
for (const { serial, peerId, status } of await registry.certificates()) say('known', serial, peerId, status)
say('lines', String((await readFile(join(dir, 'data/ledger.jsonl'), 'utf8')).trimEnd().split('\n').length))
await registry.stop()
say('done')

async function work(): Promise<void> {
  const keys = []
  for (const ura of ['90000001', '90000002']) {
    const { token, key } = await registry.addClinic(ura)
    say('token', ura, token)
    keys.push(key)
    const answer = await registry.enrol(key, ura, token)
    if (answer.status === 200) say('issued', serialIn(answer.body.toString()), key.peerId)
    const renewed = await registry.renew(key, ura)
    if (renewed.status === 200) say('issued', serialIn(renewed.body.toString()), key.peerId)
  }
  const [first, second] = keys as [NodeKey, NodeKey]
  if (await both(first, 'suspension', 'certificateHold')) say('suspended', first.peerId)
  if (await both(first, 'resumption', 'certificateHold')) say('resumed', first.peerId)
  if (await both(second, 'revocation', 'superseded')) say('revoked', second.peerId)
}

async function both(key: NodeKey, act: string, reason: string): Promise<boolean> {
  const serial = (await registry.certificates()).find(({ peerId }) => peerId === key.peerId)?.serial ?? ''
  const path = `/api/v1/certificates/${serial}/${act}`
  await registry.call('POST', path, { as: 'administrator', json: { reason } })
  return (await registry.call('POST', path, { as: 'approver', json: { reason } })).status === 200
}
