/**
 * spec 05 §2, 08 §5, 21: who has no right to a study gets not one byte of it, whatever keys and words they come with, and it
 * is on record. First through the other hospital's own node, then by somebody who stole that node's key.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PeerHost } from '@twiin/network'
import {
  frameType,
  limits,
  protocolIds,
  searchAnswer,
  searchRequest,
  transferControl,
  transferRequest,
} from '@twiin/protocol'
import { publicKeyOf, verifySignature } from '@twiin/identity'
import { Sealer, Store } from '@twiin/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { ApiClient } from '../../scripts/demo-network/api-client.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import type { AuditEvent } from '../support/node-api.ts'
import { impersonate, stealNode } from '../support/stolen-keys.ts'

const [bsn, otherBsn, neverAsked] = unusedBsns
const patientOf = (id: string) => ({ id, name: `Proef^${id}` })
const study = newStudy({ seed: 'attacked', bsn, instances: 60, size: 1024, patient: patientOf('P1') })
const other = newStudy({ seed: 'other', bsn: otherBsn, instances: 2, patient: patientOf('P2') })
const unasked = newStudy({ seed: 'unasked', bsn: neverAsked, instances: 2, patient: patientOf('P3') })
const studyInstanceUid = studyUidOf(study)
let demo: Demo
let [a, b] = [] as unknown as [NodeApi, NodeApi]

beforeAll(async () => {
  demo = await startDemo({ hospitals: 2, empty: true })
  ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
  const { dicom } = demo.hospital(0)
  const to = { ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }
  for (const each of [study, other, unasked]) await storeInstances(to, each)
  await a.consent(bsn)
  await a.consent(otherBsn)
})
afterAll(() => demo[Symbol.asyncDispose]())

/** Lines that an audit log has since `look` was made. */
async function sinceNow(node: NodeApi): Promise<() => Promise<AuditEvent[]>> {
  const { length } = (await node.audit()).events
  return async () => (await node.audit()).events.slice(length)
}
const found = (patient = bsn) =>
  until(
    async () => {
      const search = await b.search(patient)
      return search.studies.length === 1 && search
    },
    { timeoutMs: 20_000, what: 'study is findable' },
  )
const orderAtB = async () =>
  b.retrieve((await found()).id, { holder: demo.hospital(0).ura, studyInstanceUid })
const served = (lines: AuditEvent[]) => lines.filter(({ event }) => event === 'study-released')

describe('through the other hospital’s own node', () => {
  test('a role that may not search is refused, and that is on record where it was tried', async () => {
    const [atA, atB] = [await sinceNow(a), await sinceNow(b)]
    const purpose = { basis: 'treatment', reason: 'nieuwsgierig' }
    const answer = await b.as('operator').ask('POST', '/api/v1/patient-searches', { bsn, purpose })
    expect(answer).toMatchObject({ status: 403, body: { code: 'ROLE_NOT_PERMITTED' } })
    expect(await atB()).toMatchObject([
      { event: 'refused', reason: 'ROLE_NOT_PERMITTED', user: { role: 'operator' } },
      { event: 'log-read' },
    ])
    // What it publishes of its own meanwhile is nothing that was asked of it.
    const own = ['log-read', 'publish']
    expect((await atA()).filter(({ event }) => !own.includes(event))).toEqual([])
  })

  test('without consent nothing is given, and both audits hold it', async () => {
    const search = await found()
    await a.consent(bsn, 'deny')
    const [atA, atB] = [await sinceNow(a), await sinceNow(b)]
    const order = { holder: demo.hospital(0).ura, studyInstanceUid }
    const retrieval = await b.retrieved(await b.retrieve(search.id, order))
    expect(retrieval).toMatchObject({ state: 'failed', reason: 'CONSENT_MISSING', bytes: { done: 0 } })
    const refused = (await atA()).filter(({ event }) => event === 'refused')
    expect(refused).toMatchObject([{ reason: 'CONSENT_DENIED', patient: { citizenNumber: bsn } }])
    expect(await atB()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: 'study-received', outcome: 'refused', reason: 'CONSENT_MISSING' }),
      ]),
    )
    await a.consent(bsn)
  })

  test('consent withdrawn in the middle of a stream stops it there, and both audits hold it', async () => {
    const [atA, atB] = [await sinceNow(a), await sinceNow(b)]
    const id = await orderAtB()
    await until(async () => served(await atA()).length > 0, { timeoutMs: 20_000, what: 'stream is open' })
    // The receiver stands still, so that what is on the line is all that there is of it.
    const { pid } = demo.hospital(1)
    process.kill(pid, 'SIGSTOP')
    try {
      await a.consent(bsn, 'deny')
      await until(async () => (await atA()).some(({ event }) => event === 'study-served'), {
        timeoutMs: 20_000,
        what: 'stream is cut',
      })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const retrieval = await b.retrieved(id)
    expect(retrieval).toMatchObject({ state: 'failed', reason: 'CONSENT_MISSING' })
    expect(retrieval.bytes.done).toBeLessThan(retrieval.bytes.total)
    expect(await b.studies()).toEqual([])
    const lines = await atA()
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: 'study-served', outcome: 'failed' }),
        expect.objectContaining({ event: 'refused', reason: 'CONSENT_DENIED' }),
      ]),
    )
    expect(await atB()).toEqual(
      expect.arrayContaining([expect.objectContaining({ event: 'study-received', outcome: 'refused' })]),
    )
    await a.consent(bsn)
  })

  test('an emergency that nobody declared, or a script did, is none; one that was is no way around an objection', async () => {
    const purpose = { basis: 'emergency', reason: 'spoed' }
    expect(await b.trySearch(neverAsked, purpose)).toMatchObject({
      status: 403,
      body: { code: 'EMERGENCY_NOT_OPEN' },
    })
    const wanted = {
      bsn: neverAsked,
      cause: 'life-threatening',
      reason: 'bloeding, niemand te vragen',
      password: 'demo',
    }
    const byToken = await b.as('radiologist').ask('POST', '/api/v1/emergency-accesses', wanted)
    expect(byToken).toMatchObject({ status: 403, body: { code: 'SESSION_REQUIRED' } })

    const { web } = demo.hospital(1)
    const client = new ApiClient({ url: web.url, ca: readFileSync(web.caFile, 'utf8') })
    const login = await client.ask('POST', '/api/v1/session', { username: 'radioloog', password: 'demo' })
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
    const headers = { cookie, 'x-twiin-csrf': '1' }
    const ask = (method: 'GET' | 'POST', path: string, body?: object) =>
      client.ask<Record<string, never>>(method, `/api/v1${path}`, body, headers)
    const emergencyOf = async (patient: string) => {
      expect(await ask('POST', '/emergency-accesses', { ...wanted, bsn: patient })).toMatchObject({
        status: 201,
      })
      const { body } = await ask('POST', '/patient-searches', { bsn: patient, purpose })
      return until(
        async () => {
          const { body: search } = await ask('GET', `/patient-searches/${String(body['id'])}`)
          return search['complete'] === true && search
        },
        { timeoutMs: 20_000, what: 'emergency search is complete' },
      )
    }
    const [atA, atB] = [await sinceNow(a), await sinceNow(b)]
    expect(await emergencyOf(neverAsked)).toMatchObject({
      studies: [{ studyInstanceUid: studyUidOf(unasked) }],
    })
    const { ura } = demo.hospital(1)
    const objection = { bsn: neverAsked, decision: 'deny', scope: { kind: 'organisation', ura } }
    await a.as('operator').call('PUT', '/api/v1/consents', objection)
    expect(await emergencyOf(neverAsked)).toMatchObject({ studies: [], holders: [] })
    const ofEmergency = (lines: AuditEvent[]) =>
      lines.filter(({ event }) => event === 'emergency').map(({ outcome, reason }) => reason ?? outcome)
    expect(ofEmergency(await atA())).toEqual(['success', 'CONSENT_DENIED'])
    expect(ofEmergency(await atB())).toEqual(['success', 'success', 'REPLACED'])
    const { accesses } = await a
      .as('auditor')
      .call<{ accesses: object[] }>('GET', '/api/v1/emergency-accesses')
    expect(accesses).toMatchObject([{ state: 'refused' }, { state: 'open', direction: 'received' }])
  })
})

describe('with the stolen key of the other hospital', () => {
  let thief: PeerHost & AsyncDisposable
  let stolen: Awaited<ReturnType<typeof stealNode>>
  /** What the last retrieval that was stolen along with it says: where the patient stands. */
  let known: { epoch: number; loc: Uint8Array }
  let holder: string

  beforeAll(async () => {
    // Findable again, and asked for: the record of it has the location.
    await orderAtB().then((id) => b.retrieved(id))
    await demo.kill(1)
    const victim = demo.hospital(1)
    stolen = await stealNode(victim)
    const sealer = await Sealer.open(join(victim.dataDir, 'keys/master.key'))
    const store = new Store({ dir: join(victim.dataDir, 'catalogue') }, { sealer })
    await store.start()
    const transfers = store.repository<{ kind: string; epoch: number; loc: Uint8Array }>('transfers', {
      keys: 'plain-opaque',
    })
    for await (const [, { kind, epoch, loc }] of transfers.entries())
      if (kind === 'retrieval') known = { epoch, loc: Uint8Array.from(loc) }
    await store.stop()
    thief = await impersonate(stolen, demo.network.hospitals)
    holder = demo.hospital(0).node.peerId
  })
  afterAll(() => thief[Symbol.asyncDispose]())

  const request = (change: object = {}) => ({
    ...{ kind: 'retrieve', requestId: randomBytes(16), job: randomBytes(16), studyInstanceUid, ...known },
    ...{ issuedAt: Date.now(), authorisedAt: Date.now(), holder },
    user: { id: 'rad', name: 'R. Oover', role: 'radiologist' },
    purpose: { basis: 'treatment', reason: 'polikliniek' },
    ...change,
  })
  const signed = (change: object = {}, key = stolen.key) =>
    transferRequest.sign(request(change) as Parameters<typeof transferRequest.sign>[0], key).bytes

  /** What comes of a request: the words of the holder, and the bytes of pixels. */
  async function fetched(bytes: Uint8Array): Promise<{ heard: string; pixels: number }> {
    const channel = await thief.open(holder, protocolIds.transfer, {
      maxFrameBytes: limits.transferFrameBytes,
    })
    const send = (control: Parameters<typeof transferControl.encode>[0]) =>
      channel.send([Uint8Array.of(frameType.control), transferControl.encode(control)])
    let heard = 'nothing'
    let pixels = 0
    try {
      await send({ kind: 'request', signed: bytes })
      // Pushing ahead, without waiting for leave.
      await send({ kind: 'want', pieces: [{ index: 0, offset: 0 }] })
      await channel.end()
      for await (const frame of channel.frames()) {
        if (frame[0] !== frameType.control) pixels += frame.byteLength
        else {
          const control = transferControl.decode(frame.subarray(1))
          heard = control.kind === 'refused' ? control.reason : control.kind
        }
      }
    } catch {
      if (heard === 'nothing') heard = 'reset'
    }
    return { heard, pixels }
  }
  const refusals = async (since: () => Promise<AuditEvent[]>) =>
    (await since()).filter(({ event }) => event !== 'log-read' && event !== 'search-refused')

  test('a request as the node would make it is answered: the tests below can fail', async () => {
    const { heard, pixels } = await fetched(signed())
    expect([heard, pixels > 1_000_000]).toEqual(['done', true])
  })

  test.each([
    [
      'of another role',
      () => signed({ user: { id: 'x', name: 'X', role: 'operator' } }),
      'ROLE_NOT_PERMITTED',
    ],
    [
      'on the basis of a send',
      () => signed({ purpose: { basis: 'referral', reason: 'x' } }),
      'BASIS_NOT_SUPPORTED',
    ],
    [
      'of an authorisation of yesterday',
      () => signed({ authorisedAt: Date.now() - 25 * 3_600_000 }),
      'JOB_EXPIRED',
    ],
    ['of one of tomorrow', () => signed({ authorisedAt: Date.now() + 3_600_000 }), 'JOB_EXPIRED'],
    [
      'of an emergency of two hours ago',
      () =>
        signed({
          authorisedAt: Date.now() - 2 * 3_600_000,
          purpose: { basis: 'emergency', reason: 'life-threatening: x' },
        }),
      'JOB_EXPIRED',
    ],
    ['that was made for another holder', () => signed({ holder: stolen.key.peerId }), 'REQUEST_INVALID'],
    ['that lay about for two minutes', () => signed({ issuedAt: Date.now() - 120_000 }), 'REQUEST_INVALID'],
    ['of another patient’s study', () => signed({ studyInstanceUid: studyUidOf(other) }), 'STUDY_UNKNOWN'],
    ['of a study that is nowhere', () => signed({ studyInstanceUid: '1.2.3' }), 'STUDY_UNKNOWN'],
    ['of a patient whom nobody knows', () => signed({ loc: randomBytes(32) }), 'CONSENT_MISSING'],
    [
      'of a package that was never offered',
      () =>
        transferRequest.sign(
          {
            ...{ kind: 'collect', requestId: randomBytes(16), issuedAt: Date.now(), holder },
            ...{ package: randomBytes(16), studyInstanceUid },
          },
          stolen.key,
        ).bytes,
      'PACKAGE_UNKNOWN',
    ],
  ])('a request %s gets not one byte, and is on record', async (_what, make, reason) => {
    const since = await sinceNow(a)
    expect(await fetched(make())).toEqual({ heard: reason, pixels: 0 })
    const lines = await refusals(since)
    expect(lines).toMatchObject([
      { event: 'refused', outcome: 'refused', peer: { ura: demo.hospital(1).ura } },
    ])
    expect(['UNKNOWN_PATIENT', reason]).toContain(lines[0]?.reason)
  })

  test('a request that was answered is worth nothing a second time', async () => {
    const bytes = signed()
    expect(await fetched(bytes)).toMatchObject({ heard: 'done' })
    const since = await sinceNow(a)
    expect(await fetched(bytes)).toEqual({ heard: 'REQUEST_INVALID', pixels: 0 })
    expect(await refusals(since)).toMatchObject([{ event: 'refused', reason: 'REQUEST_INVALID' }])
  })

  test('a request of somebody else, carried here, is worth nothing: reset without a word, and on record', async () => {
    const { key } = await stealNode(demo.hospital(0))
    for (const make of [() => signed({}, key), () => randomBytes(400), () => altered(signed())]) {
      const since = await sinceNow(a)
      expect(await fetched(make())).toEqual({ heard: 'reset', pixels: 0 })
      const lines = await until(
        async () => {
          const lines = await refusals(since)
          return lines.length > 0 && lines
        },
        { timeoutMs: 10_000, what: 'on record' },
      )
      expect(lines).toMatchObject([{ event: 'refused', peer: { ura: demo.hospital(1).ura } }])
    }
  })

  test('a search says no more than that there is no consent, whoever the patient is, and whatever is claimed', async () => {
    const question = (change: object) =>
      searchRequest.sign(
        {
          ...{ kind: 'search', requestId: randomBytes(16), issuedAt: Date.now(), holder, ...known },
          user: { id: 'rad', name: 'R. Oover', role: 'radiologist' },
          purpose: { basis: 'treatment', reason: 'x' },
          ...change,
        },
        stolen.key,
      ).bytes
    const answer = async (change: object) => {
      const bytes = await thief.ask(holder, protocolIds.searchWithRelation, question(change), {
        maxAnswerBytes: limits.searchAnswerBytes + 1024,
        timeoutMs: 8000,
      })
      const { message } = searchAnswer.open(bytes, holder, (peerId, domain, message, signature) =>
        verifySignature(publicKeyOf(peerId), domain, message, signature),
      )
      return message.status === 'refused' ? message.reason : message.status
    }
    expect(await answer({})).toBe('answered')
    await a.as('operator').call('PUT', '/api/v1/shieldings', { bsn, index: 'pointer' })
    expect(await answer({})).toBe('CONSENT_MISSING')
    expect(await answer({ relation: 'registered' })).toBe('answered')
    await a.consent(bsn, 'deny')
    const emergency = { basis: 'emergency', reason: 'life-threatening: x' }
    const all = [{}, { relation: 'registered' }, { purpose: emergency }, { loc: randomBytes(32) }]
    for (const change of all) expect(await answer(change)).toBe('CONSENT_MISSING')
  })
})

function altered(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[100] = (copy[100] ?? 0) ^ 1
  return copy
}
