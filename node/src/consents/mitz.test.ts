import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseBsn } from '@twiin/patient-token'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { deriveLocation } from '@twiin/study-index'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { MitzSimulator, mitzAnswer } from '../testing/mitz-simulator.ts'
import { TestHospital, eventually, patient, radiologist } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { TestWeb } from '../testing/test-web.ts'
import { readMitzAnswer } from './mitz-answer.ts'
import { MitzSource } from './mitz-source.ts'

const dir = mkdtempSync(join(tmpdir(), 'twiin-mitz-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** A certificate for 127.0.0.1, its own authority. */
function certificate(name: string) {
  const [keyFile, certificateFile] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const out = ['-keyout', keyFile, '-out', certificateFile]
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...out], { stdio: 'pipe' })
  return { keyFile, certificateFile, key: readFileSync(keyFile), cert: readFileSync(certificateFile) }
}
const [mitz, own, stranger] = [certificate('mitz'), certificate('node'), certificate('stranger')]
const bsn = parseBsn(patient.bsn)
const question = {
  ...{ bsn, basis: 'treatment' as const },
  requester: { ura: '90000002', category: 'hospital' as const },
}
const codes = {
  facilityTypes: { umc: 'V5', hospital: 'V6', clinic: 'B1' },
  ...{ roleCode: '01.062', dataCategory: 'BEELD' },
}
let simulator: MitzSimulator
let clock: ManualClock

beforeEach(async () => {
  clock = new ManualClock()
  simulator = await MitzSimulator.start({ cert: mitz.cert, key: mitz.key, ca: own.cert })
})
afterEach(() => simulator[Symbol.asyncDispose]())

const sourceWith = (change: object = {}) =>
  new MitzSource(
    {
      ...{ url: simulator.url, tls: { cert: own.cert, key: own.key, ca: mitz.cert } },
      ...{ timeoutMs: 6000, cacheMs: 30_000, codes },
      holder: () => ({ ura: '90000001', category: 'umc' }),
      ...change,
    },
    { clock, log: silentLogger },
  )

describe('Mitz', () => {
  it('is told who asks for whom, and of whom, over mutual TLS', async () => {
    simulator.permitted.add(`${bsn} 90000002`)
    const source = sourceWith()
    expect(await source.ask(question)).toBe('permit')
    expect(await source.ask({ ...question, requester: { ura: '90000003', category: 'clinic' } })).toBe('deny')
    expect(await source.ask({ ...question, basis: 'emergency' })).toBe('permit')
    expect(simulator.asked).toMatchObject([
      {
        bsn,
        holder: '90000001',
        requester: '90000002',
        requesterType: 'V6',
        purpose: 'TREAT',
        clientCn: 'node',
      },
      { requester: '90000003', requesterType: 'B1' },
      { purpose: 'ETREAT' },
    ])
  })

  it('is asked again when its answer is old, and not before', async () => {
    simulator.permitted.add(`${bsn} 90000002`)
    const source = sourceWith()
    await source.ask(question)
    simulator.permitted.clear()
    await clock.advance(29_000)
    expect([await source.ask(question), simulator.asked.length]).toEqual(['permit', 1])
    await clock.advance(1000)
    expect([await source.ask(question), simulator.asked.length]).toEqual(['deny', 2])
  })

  it.each([
    ['an error about the question', { status: 500 }],
    ['that too much is asked', { status: 429 }],
    ['that it has too much to do', { status: 503 }],
    ['an answer without end', { body: 'x'.repeat(1_000_000) }],
    ['another decision', { body: mitzAnswer('Indeterminate') }],
    ['two decisions', { body: mitzAnswer('Permit</Decision><Decision>Permit') }],
    ['a decision in a comment', { body: mitzAnswer('<!-- Permit -->') }],
    ['a document type', { body: `<!DOCTYPE s [<!ENTITY p "Permit">]>${mitzAnswer('&p;')}` }],
    [
      'a decision somewhere else',
      { body: '<Envelope><Header><Decision>Permit</Decision></Header></Envelope>' },
    ],
    ['half an answer', { body: mitzAnswer('Permit').slice(0, -12) }],
    ['a list', { body: '[]' }],
    ['a decision in pieces', { body: mitzAnswer('Deny<x/>Permit') }],
    ['a decision in an element of it', { body: mitzAnswer('<x>Permit</x>') }],
    ['two results', { body: mitzAnswer('Deny</Decision></Result><Result><Decision>Permit') }],
    ['an empty decision besides', { body: mitzAnswer('Permit</Decision><Decision/><Decision>Permit') }],
    ['text beside elements', { body: mitzAnswer('Permit').replace('<Status>', 'but not really<Status>') }],
    ['text after all', { body: `${mitzAnswer('Permit')} not` }],
  ])(
    'that gives %s said nothing of this patient, is not silent by it, and is asked again',
    async (_what, misbehaves) => {
      simulator.permitted.add(`${bsn} 90000002`)
      simulator.misbehaves = misbehaves
      const source = sourceWith()
      for (let i = 0; i < 4; i++) expect(await source.ask(question)).toBe('busy')
      simulator.misbehaves = {}
      expect(await source.ask(question)).toBe('permit')
    },
  )

  it('that is not there three times in a row is left alone for a moment, and not for one time', async () => {
    simulator.permitted.add(`${bsn} 90000002`)
    const source = sourceWith({ cacheMs: 0 })
    const fail = async (times: number) => {
      simulator.misbehaves = { status: 504 }
      for (let i = 0; i < times; i++) expect(await source.ask(question)).toBe('silent')
      simulator.misbehaves = {}
    }
    await fail(2)
    expect(await source.ask(question)).toBe('permit')
    await fail(3)
    expect(await source.ask(question)).toBe('silent')
    await clock.advance(5000)
    expect(await source.ask(question)).toBe('permit')
  })

  it('says from when to when questions had no answer, until one has: not reached, not understood, or left alone', async () => {
    const source = sourceWith({ cacheMs: 0 })
    await source.ask(question)
    expect(source.unanswered).toBeUndefined()
    const since = clock.now()
    for (const misbehaves of [{ status: 502 }, { status: 502 }, { body: '[]' }, { status: 502 }]) {
      simulator.misbehaves = misbehaves
      await source.ask(question)
      await clock.advance(20_000)
    }
    expect(source.unanswered).toEqual({ since, lastAt: since + 60_000 })
    for (let i = 0; i < 3; i++) await source.ask(question)
    const asked = simulator.asked.length
    await clock.advance(1000)
    await source.ask(question)
    expect([simulator.asked.length, source.unanswered]).toEqual([asked, { since, lastAt: since + 81_000 }])
    simulator.misbehaves = {}
    await clock.advance(5000)
    await source.ask(question)
    expect(source.unanswered).toBeUndefined()
  })

  it('that objected goes on objecting while it is silent, however long ago; what it permitted does not count', async () => {
    simulator.permitted.add(`${bsn} 90000002`)
    const denied = { ...question, requester: { ura: '90000003', category: 'clinic' as const } }
    const source = sourceWith()
    expect([await source.ask(question), await source.ask(denied)]).toEqual(['permit', 'deny'])
    await clock.advance(3_600_000)
    for (const [status, said] of [
      [429, 'busy'],
      [502, 'silent'],
    ] as const) {
      simulator.misbehaves = { status }
      for (let i = 0; i < 4; i++)
        expect([await source.ask(question), await source.ask(denied)]).toEqual([said, 'deny'])
    }
  })

  it('is asked some of one hospital’s questions at once: the others of it wait, and those of others pass', async () => {
    simulator.misbehaves = { silent: true }
    const source = sourceWith({ timeoutMs: 6000 })
    const of = (ura: string, nth: number) => {
      const patient = parseBsn(String(999990000 + nth))
      return source.ask({ ...question, bsn: patient, requester: { ura, category: 'hospital' } })
    }
    const valid = Array.from({ length: 1000 }, (_, nth) => nth).filter((nth) => {
      try {
        return parseBsn(String(999990000 + nth)) !== undefined
      } catch {
        return false
      }
    })
    const greedy = valid.slice(0, 36).map((nth) => of('90000002', nth))
    await eventually(() => simulator.asked.length === 4)
    // More than may wait is not asked, and said so at once.
    expect(await of('90000002', valid[36] ?? 0)).toBe('busy')
    // The same question again is not another one.
    void of('90000002', valid[0] ?? 0)
    const other = of('90000003', valid[0] ?? 0)
    await eventually(() => simulator.asked.some(({ requester }) => requester === '90000003'))
    expect(simulator.asked).toHaveLength(5)
    simulator.cutAll()
    expect(await other).toBe('silent')
    expect(new Set(await Promise.all(greedy))).toEqual(new Set(['silent']))
    // After the first that failed Mitz rests: whoever waited does not wait for it as well.
    expect(simulator.asked.length).toBeLessThan(12)
  })

  it('that is silent said nothing, in time', async () => {
    simulator.misbehaves = { silent: true }
    expect(await sourceWith({ timeoutMs: 200 }).ask(question)).toBe('silent')
  })

  it('that shows another certificate, or refuses ours, said nothing', async () => {
    expect(await sourceWith({ tls: { ...own, ca: stranger.cert } }).ask(question)).toBe('silent')
    const { cert, key } = stranger
    expect(await sourceWith({ tls: { cert, key, ca: mitz.cert } }).ask(question)).toBe('silent')
    expect(simulator.asked).toEqual([])
  })

  it('is understood when its answer is wrapped as SAML, and in other prefixes', () => {
    const wrapped =
      '<a:Envelope><a:Body><p:Response><Assertion><Statement><x:Response><x:Result><x:Decision> Deny </x:Decision></x:Result></x:Response></Statement></Assertion></p:Response></a:Body></a:Envelope>'
    expect(readMitzAnswer(wrapped)).toBe('deny')
  })
})

describe('a hospital that asks Mitz', () => {
  it('gives to whom it permits, refuses whom it denies, and gives nothing on its own records while it is silent', async () => {
    const network = await TestNetwork.open()
    const settings = {
      ...{ url: simulator.url, caFile: mitz.certificateFile, keyFile: own.keyFile },
      ...{ certificateFile: own.certificateFile, timeoutSeconds: 6, cacheSeconds: 0, ...codes },
    }
    await using a = await TestHospital.open({ ura: '90000001', name: 'A', mitz: settings }, network)
    await using b = await TestHospital.open({ ura: '90000002', name: 'B' }, network)
    await a.receive()
    const record = (ura: string, decision: 'permit' | 'deny' = 'permit') =>
      a.index.consents.record(bsn, { scope: { kind: 'organisation', ura }, decision, by: 'op' })
    const search = async () => {
      const { searches } = b.exchange
      const purpose = { basis: 'treatment', reason: 'poli' } as const
      const id = await searches.begin({ bsn, purpose }, radiologist)
      const found = await eventually(() => {
        const search = searches.find(id, radiologist)
        return search !== undefined && isComplete(search) && search.holders.length > 0 && search
      })
      return found.holders[0]?.reason ?? found.holders[0]?.status
    }
    // Findable, by consent for somebody else: about B nothing is on record here.
    await record('90000009')
    await eventually(async () => (await a.audit('publish')).length === 1)
    await eventually(() => a.index.publisher.status().pending === 0)
    expect(await search()).toBe('CONSENT_MISSING')
    simulator.permitted.add(`${bsn} 90000002`)
    expect(await search()).toBe('answered')
    expect((await a.audit('search-answered')).at(-1)).toMatchObject({ consent: 'explicit-permit' })
    expect((await a.audit('search-refused')).map(({ reason }) => reason)).toEqual(['CONSENT_DENIED'])
    simulator.permitted.clear()
    simulator.permitted.add(`${bsn} 90000002`)
    await record('90000002')
    simulator.misbehaves = { status: 503 }
    expect(await search()).toBe('CONSENT_MISSING')
    expect((await a.audit('search-refused')).at(-1)).toMatchObject({ reason: 'CONSENT_UNAVAILABLE' })
    // After a minute of it, whoever looks after the node is told.
    await using web = await TestWeb.start(a)
    const metrics = async () => (await web.call('/metrics', { as: 'nobody' })).body.toString()
    const alarm = 'twiin_degraded{code="CONSENT_SOURCE_AWAY",decision="soft"} 1'
    expect(await metrics()).not.toContain(alarm)
    network.clock.moveOn(61_000)
    expect(await search()).toBe('CONSENT_MISSING')
    expect(await metrics()).toContain(alarm)
    // Of somebody in an emergency as well, when Mitz only has too much to do; when it is not there, they are helped.
    const [token] = await a.index.tokens.tokens([bsn], 'lookup')
    const retrieve = (role: string, basis: 'treatment' | 'emergency' = 'treatment') =>
      a.exchange.gate.judge(
        {
          ...{ kind: 'retrieve', requestId: randomBytes(16), job: randomBytes(16), epoch: 1 },
          ...{ loc: deriveLocation(token ?? new Uint8Array(), 1), studyInstanceUid: '1.2.3' },
          ...{ issuedAt: network.clock.now(), authorisedAt: network.clock.now(), holder: a.key.peerId },
          ...{ user: { ...radiologist, role }, purpose: { basis, reason: 'poli' } },
        },
        b.key.peerId,
      )
    expect(await retrieve('radiologist', 'emergency')).toMatchObject({ reason: 'CONSENT_MISSING' })
    expect(a.exchange.uses.pendingOf(b.key.peerId)).toMatchObject([{ refusedFor: 'CONSENT_UNAVAILABLE' }])
    simulator.misbehaves = { status: 504 }
    expect(await retrieve('radiologist', 'emergency')).toMatchObject({ reason: 'STUDY_UNKNOWN' })
    expect(
      a.exchange.uses.pendingOf(b.key.peerId).map(({ refusedFor, consent }) => [refusedFor, consent]),
    ).toEqual([
      ['CONSENT_UNAVAILABLE', undefined],
      [undefined, 'unavailable'],
    ])
    simulator.misbehaves = {}
    expect(await search()).toBe('answered')
    // An objection here is one without Mitz, which is not asked then.
    const asked = simulator.asked.length
    await record('90000002', 'deny')
    expect(await search()).toBe('CONSENT_MISSING')
    expect(simulator.asked).toHaveLength(asked)
    // Nor is it for who may not have anything: the answer would take longer of a patient who is known.
    await record('90000002')
    expect(await retrieve('made up')).toMatchObject({ reason: 'ROLE_NOT_PERMITTED' })
    expect(simulator.asked).toHaveLength(asked)
    expect(await retrieve('radiologist')).toMatchObject({ reason: 'STUDY_UNKNOWN' })
    expect(simulator.asked).toHaveLength(asked + 1)
    await network[Symbol.asyncDispose]()
  })
})
