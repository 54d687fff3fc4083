/** spec 11 §7: a log that shows two lists is found out, shown, told on, and believed no more. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeKey, createCertificateRequest, credentialOf } from '@twiin/identity'
import { gossipAnswer, gossipRequest, limits, protocolIds, witnessedBundle } from '@twiin/protocol'
import { parseCheckpoint, signCheckpoint } from '@twiin/transparency'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { rawCall, registryClient } from '../support/registry-people.ts'
import { certificatesIn, impersonate, stealNode, stealRegistry } from '../support/stolen-keys.ts'

let demo: Demo
beforeAll(async () => {
  demo = await startDemo()
})
afterAll(() => demo[Symbol.asyncDispose]())

const saysSo = async (index: number) => {
  const api = new NodeApi(demo.hospital(index)).as('operator')
  const { degraded } = await api.call<{ degraded: { code: string }[] }>('GET', '/api/v1/status')
  return degraded.some(({ code }) => code === 'LOG_EQUIVOCATION')
}

/** Tells a node, as a member in good standing, that the log looks like this. */
async function tell(index: number, checkpoint: string): Promise<void> {
  await using member = await impersonate(await stealNode(demo.hospital(1)), demo.network.hospitals)
  const request = gossipRequest.encode({ kind: 'tell', version: 1, isWhole: true, checkpoint })
  const options = { maxAnswerBytes: limits.gossipAnswerBytes, timeoutMs: 10_000 }
  const answer = await member.ask(demo.hospital(index).node.peerId, protocolIds.bundle, request, options)
  gossipAnswer.decode(answer)
}

/** The checkpoint that a node holds, with another root: signed with the log's real key. */
async function otherList(): Promise<string> {
  const held = await readFile(join(demo.hospital(0).dataDir, 'identity/bundle.cbor'))
  const { origin, size } = parseCheckpoint(witnessedBundle.decode(held).evidence.checkpoint)
  const { log } = await stealRegistry(demo.dir)
  const head = { origin, size, root: randomBytes(32) }
  return signCheckpoint(head, { publicKey: log.publicKey, sign: (text) => log.signNote(text) })
}

/** A clinic that two people admitted and whose certificate is logged and cosigned: nothing is wrong with it. */
async function newMember(ura: string) {
  const key = NodeKey.generate()
  using administrator = registryClient(demo.network, 'administrator')
  using approver = registryClient(demo.network, 'approver')
  const facts = { organisation: 'Kliniek Later (fictief)', ura, category: 'clinic', declaredPatients: 100 }
  const application = { ...facts, mailboxes: [] }
  const { id } = await administrator.call<{ id: string }>('POST', '/api/v1/applications', application)
  await administrator.call('POST', `/api/v1/applications/${id}/approvals`)
  const approvals = `/api/v1/applications/${id}/approvals`
  const { enrolmentToken } = await approver.call<{ enrolmentToken: string }>('POST', approvals)
  const csr = await createCertificateRequest(key, {
    organisation: facts.organisation,
    ura,
    token: enrolmentToken,
  })
  const issued = await rawCall(demo.network, 'POST', '/.well-known/est/simpleenroll', {
    headers: { 'content-type': 'application/pkcs10' },
    body: Buffer.from(csr).toString('base64'),
  })
  expect(issued.status).toBe(200)
  const [leaf, issuing] = certificatesIn(issued.body.toString())
  const certificates = await administrator.call<{ serial: string; peerId: string }[]>(
    'GET',
    '/api/v1/certificates',
  )
  const serial = certificates.find(({ peerId }) => peerId === key.peerId)?.serial ?? ''
  const evidence = await until(
    async () => {
      const path = `/api/v1/log/evidence/${serial}`
      const answer = await rawCall(demo.network, 'GET', path, { headers: { accept: 'application/cbor' } })
      return answer.status === 200 && answer.body
    },
    { timeoutMs: 20_000, what: 'evidence is cosigned' },
  )
  return { key, credential: credentialOf(leaf, issuing, evidence) }
}

const joins = async (ura: string, index: number) => {
  const member = await newMember(ura)
  await using host = await impersonate(member, demo.network.hospitals)
  return host.connect(demo.hospital(index).node.peerId, AbortSignal.timeout(10_000)).then(
    () => ({ peerId: member.key.peerId, admitted: true }),
    () => ({ peerId: member.key.peerId, admitted: false }),
  )
}

test('as long as the log shows one list, a clinic that joins is admitted', async () => {
  expect(await joins('90000071', 0)).toMatchObject({ admitted: true })
  expect(await saysSo(0)).toBe(false)
})

test('two roots of one size are noticed, kept on disk, shown, and told to everybody', async () => {
  await tell(0, await otherList())
  await until(() => saysSo(0), { timeoutMs: 10_000, what: 'node 0 says so' })
  for (const index of [1, 2])
    await until(() => saysSo(index), { timeoutMs: 60_000, what: `node ${index} says so` })
  const kept = await readFile(join(demo.hospital(2).dataDir, 'identity/equivocation.json'), 'utf8')
  expect(kept.match(/\/log\\n/g)?.length).toBeGreaterThanOrEqual(2)
})

test('from then on nobody new is admitted, however good the papers; who was known goes on', async () => {
  const { peerId, admitted } = await joins('90000072', 0)
  expect(admitted).toBe(false)
  const log = await readFile(join(demo.dir, 'logs/node-90000001.log'), 'utf8')
  const refused = log.split('\n').filter((line) => line.includes(peerId))
  expect(refused.join('\n')).toContain('LOG_DISTRUSTED')
  const search = await new NodeApi(demo.hospital(1)).search('999990019')
  expect(search.holders.map(({ status }) => status)).toEqual(['answered', 'answered', 'answered'])
})

test('a checkpoint that the log did not sign convinces nobody of anything', async () => {
  await using other = await startDemo({ hospitals: 2, empty: true })
  const before = demo
  demo = other
  try {
    const note = await otherList()
    await tell(0, note.replace(/\n\d+\n/, '\n999999\n')).catch(() => {})
    const held = await readFile(join(other.hospital(0).dataDir, 'identity/bundle.cbor'))
    const real = witnessedBundle.decode(held).evidence.checkpoint
    await tell(0, real)
    expect(await saysSo(0)).toBe(false)
  } finally {
    demo = before
  }
})
