import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseBsn } from '@twiin/patient-token'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { MitzSimulator, mitzAnswer } from '../testing/mitz-simulator.ts'
import { TestHospital, eventually, patient, radiologist } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
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
  ...{ bsn, role: 'radiologist', basis: 'treatment' as const },
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
    ['an error', { status: 500 }],
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
  ])('that gives %s said nothing, and is left alone for a moment', async (_what, misbehaves) => {
    simulator.permitted.add(`${bsn} 90000002`)
    simulator.misbehaves = misbehaves
    const source = sourceWith()
    expect(await source.ask(question)).toBeUndefined()
    simulator.misbehaves = {}
    expect(await source.ask(question)).toBeUndefined()
    await clock.advance(5000)
    expect(await source.ask(question)).toBe('permit')
  })

  it('that is silent said nothing, in time', async () => {
    simulator.misbehaves = { silent: true }
    expect(await sourceWith({ timeoutMs: 200 }).ask(question)).toBeUndefined()
  })

  it('that shows another certificate, or refuses ours, said nothing', async () => {
    expect(await sourceWith({ tls: { ...own, ca: stranger.cert } }).ask(question)).toBeUndefined()
    const { cert, key } = stranger
    expect(await sourceWith({ tls: { cert, key, ca: mitz.cert } }).ask(question)).toBeUndefined()
    expect(simulator.asked).toEqual([])
  })

  it('is understood when its answer is wrapped as SAML, and in other prefixes', () => {
    const wrapped =
      '<a:Envelope><a:Body><p:Response><Assertion><Statement><x:Response><x:Result><x:Decision> Deny </x:Decision></x:Result></x:Response></Statement></Assertion></p:Response></a:Body></a:Envelope>'
    expect(readMitzAnswer(wrapped)).toBe('deny')
  })
})

describe('a hospital that asks Mitz', () => {
  it('gives to whom it permits, refuses whom it denies, and goes by its own records when it is silent', async () => {
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
    simulator.misbehaves = { status: 503 }
    expect(await search()).toBe('CONSENT_MISSING')
    await record('90000002')
    expect(await search()).toBe('answered')
    await network[Symbol.asyncDispose]()
  })
})
