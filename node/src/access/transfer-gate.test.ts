import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { parseBsn } from '@twiin/patient-token'
import type { TransferRequest } from '@twiin/protocol'
import { silentLogger } from '@twiin/runtime'
import { deriveLocation } from '@twiin/study-index'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import { TransferGate } from './transfer-gate.ts'

const bsn = parseBsn(patient.bsn)
const otherBsn = parseBsn('999991772')
let net: Awaited<ReturnType<typeof twoHospitals>>
let studyInstanceUid: string
let loc: Uint8Array

beforeEach(async () => {
  net = await twoHospitals()
  ;({ studyInstanceUid } = await net.a.receive())
  await consent('permit')
  await eventually(async () => (await net.a.audit('publish')).length === 1)
  const [token] = await net.a.index.tokens.tokens([bsn], 'lookup')
  loc = deriveLocation(token ?? new Uint8Array(), 1)
})
afterEach(() => net[Symbol.asyncDispose]())

const consent = (decision: 'permit' | 'deny') =>
  net.a.index.consents.record(bsn, { scope: { kind: 'all' }, decision, by: 'op' })
const request = (change: object = {}): TransferRequest => ({
  ...{ kind: 'retrieve', requestId: randomBytes(16), job: randomBytes(16), epoch: 1, loc, studyInstanceUid },
  ...{ issuedAt: net.network.clock.now(), authorisedAt: net.network.clock.now(), holder: net.a.key.peerId },
  ...{ user: radiologist, purpose: { basis: 'treatment', reason: 'polikliniek' } },
  ...change,
})
const judge = (change: object = {}, peerId = net.b.key.peerId) =>
  net.a.exchange.gate.judge(request(change), peerId)

describe('a channel that wants pixels', () => {
  it('opens for a radiologist of a member, for treatment, with consent', async () => {
    expect(await judge()).toMatchObject({ permitted: true })
  })

  it.each([
    ['another role', { user: { ...radiologist, role: 'operator' } }, 'ROLE_NOT_PERMITTED'],
    ['the basis of a send', { purpose: { basis: 'referral', reason: 'x' } }, 'BASIS_NOT_SUPPORTED'],
    ['a patient unknown here', { loc: randomBytes(32) }, 'CONSENT_MISSING', 'UNKNOWN_PATIENT'],
    ['an epoch to come', { epoch: 3 }, 'CONSENT_MISSING', 'UNKNOWN_PATIENT'],
    ['a study that is not this patient’s', { studyInstanceUid: '1.2.3' }, 'STUDY_UNKNOWN'],
    ['a job of yesterday', { authorisedAt: Date.now() - 25 * 3_600_000 }, 'JOB_EXPIRED'],
    ['a job of tomorrow', { authorisedAt: Date.now() + 3_600_000 }, 'JOB_EXPIRED'],
    ['another holder', { holder: 'someone' }, 'REQUEST_INVALID'],
  ])('does not open for %s, and why is on record', async (_what, change, reason, onRecord = reason) => {
    expect(await judge(change)).toEqual({ permitted: false, reason })
    expect(await net.a.audit('refused')).toMatchObject([{ reason: onRecord, peer: { ura: '90000002' } }])
  })

  it('opens by a location of this epoch or the last, and by none before', async () => {
    const { a, network } = net
    for (const [epoch, reason] of [[2], [3, 'CONSENT_MISSING']] as const) {
      network.epoch = epoch
      await network.publish()
      await eventually(async () => (await a.index.ownTokens.get(epoch, bsn)) !== undefined)
      expect(await judge()).toMatchObject(reason === undefined ? { permitted: true } : { reason })
    }
  })

  it('does not open while records under the BSN disagree on the birth date', async () => {
    await net.a.receive({ seed: 'x', patient: { ...patient, id: '99', birthDate: '1999-09-09' } })
    expect(await judge()).toEqual({ permitted: false, reason: 'BLOCKED' })
  })

  it('does not open for an emergency that was authorised more than an hour ago', async () => {
    const purpose = { basis: 'emergency', reason: 'trauma' }
    const at = (minutes: number) => net.network.clock.now() - minutes * 60_000
    expect(await judge({ purpose, authorisedAt: at(59) })).toMatchObject({ permitted: true })
    expect(await judge({ purpose, authorisedAt: at(61) })).toEqual({
      permitted: false,
      reason: 'JOB_EXPIRED',
    })
  })

  it('opens to a shielded patient only with a registered relation, and is cut when the mark is set', async () => {
    const verdict = await judge()
    const registered = await judge({ relation: 'registered' })
    if (!verdict.permitted || !registered.permitted) throw new Error('refused')
    const cut = once(verdict.watch, 'abort')
    await net.a.index.shieldings.mark(bsn, { index: 'hidden', by: 'op' })
    await cut
    expect(registered.watch.aborted).toBe(false)
    expect(await judge()).toEqual({ permitted: false, reason: 'CONSENT_MISSING' })
    expect(await judge({ relation: 'registered' })).toMatchObject({ permitted: true })
    expect(await net.a.audit('refused')).toMatchObject([{ reason: 'SHIELDED' }])
  })

  it('is cut when what was authorised runs out while it is open', async () => {
    const verdict = await judge({ authorisedAt: net.network.clock.now() - 24 * 3_600_000 + 50 })
    if (!verdict.permitted) throw new Error(verdict.reason)
    if (!verdict.watch.aborted) await once(verdict.watch, 'abort')
  })

  it('does not open for a certified peer that is not in the directory, which does not learn who is a patient', async () => {
    const outsider = net.network.keeper.peerId
    const emergency = { purpose: { basis: 'emergency', reason: 'other: trauma' } }
    for (const change of [{}, { loc: randomBytes(32) }, emergency, { ...emergency, loc: randomBytes(32) }])
      expect(await judge(change, outsider)).toEqual({ permitted: false, reason: 'NOT_A_MEMBER' })
    // Nor by how long an answer takes: no notice is written of one and not of the other.
    expect(net.a.exchange.uses.pendingOf(outsider)).toEqual([])
    expect(await net.a.audit('emergency')).toEqual([])
    expect((await net.a.audit('refused')).map(({ reason }) => reason)).toEqual(Array(4).fill('NOT_A_MEMBER'))
  })

  it('does not open for a member in testing, and does again once it exchanges', async () => {
    const { network, b } = net
    const state = (peerId: string) => (peerId === b.key.peerId ? 'testing' : 'exchanging')
    await network.publish({
      members: network.members.map((member) => ({ ...member, state: state(member.peerId) })),
    })
    expect(await judge()).toEqual({ permitted: false, reason: 'MEMBER_TESTING' })
    await network.publish()
    expect(await judge()).toMatchObject({ permitted: true })
  })

  it('does not open for another patient’s study, though both are known and consented to', async () => {
    const other = await net.a.receive({ seed: 'other', patient: { ...patient, id: '99', bsn: otherBsn } })
    expect(await judge({ studyInstanceUid: other.studyInstanceUid })).toMatchObject({
      reason: 'STUDY_UNKNOWN',
    })
  })

  it('does not open twice for one request', async () => {
    const requestId = randomBytes(16)
    await judge({ requestId })
    expect(await judge({ requestId })).toEqual({ permitted: false, reason: 'REQUEST_INVALID' })
  })

  it('is cut the moment consent ends', async () => {
    const verdict = await judge()
    if (!verdict.permitted) throw new Error(verdict.reason)
    const cut = once(verdict.watch, 'abort')
    await consent('deny')
    await cut
    expect(await judge()).toEqual({ permitted: false, reason: 'CONSENT_MISSING' })
    expect(await net.a.audit('refused')).toMatchObject([{ reason: 'CONSENT_DENIED' }])
  })

  it('is cut as well when consent ends while it is being judged', async () => {
    const [verdict] = await Promise.all([judge(), consent('deny')])
    if (verdict.permitted) await eventually(() => verdict.watch.aborted)
    expect(await judge()).toMatchObject({ permitted: false })
  })

  it('stays open when the consent of somebody else changes', async () => {
    const verdict = await judge()
    await net.a.index.consents.record(otherBsn, { scope: { kind: 'all' }, decision: 'deny', by: 'op' })
    await consent('permit')
    expect(verdict).toMatchObject({ watch: { aborted: false } })
  })

  it('is cut when nobody can say any more whether it may stay', async () => {
    const verdict = await judge()
    if (!verdict.permitted) throw new Error(verdict.reason)
    const cut = once(verdict.watch, 'abort')
    net.a.ground.studies.patientsByCitizenNumber = () => Promise.reject(new Error('disk'))
    await consent('permit')
    await cut
  })
})

describe('a stream that opens', () => {
  type Judge = (asked: TransferRequest, how?: { again: boolean }) => string
  /** A gate at which somebody else judges; `waits` are those who wait for the end of a stream. */
  const gateWith = (judge: Judge, noteRecipient: () => Promise<void> = async () => {}) => {
    const waits: (AbortSignal | undefined)[] = []
    const clock = {
      now: () => net.network.clock.now(),
      sleep: (_ms: number, over?: AbortSignal) => (waits.push(over), new Promise(() => {})),
    }
    const nothing = { onChange: () => {}, check: () => {}, note: async () => {} }
    const gate = new TransferGate({
      desk: {
        judge: async (asked: TransferRequest, _peerId: string, how?: { again: boolean }) => ({
          ...{ decision: { why: judge(asked, how) }, bsn, studies: [{ studyInstanceUid }] },
        }),
      },
      ...{ guard: nothing, consents: nothing, shieldings: nothing, emergencies: nothing },
      ...{ isOffered: async () => true, noteRecipient },
      ...{ account: { record: async () => {} }, clock, log: silentLogger },
    } as unknown as ConstructorParameters<typeof TransferGate>[0])
    return { gate, waits }
  }

  it('has no other stream of the patient judged, and counts as one emergency', async () => {
    const judged: [string, boolean][] = []
    let isSilent = false
    const { gate } = gateWith((asked, how) => {
      judged.push([Buffer.from(asked.requestId).toString('hex').slice(0, 2), how?.again === true])
      // As Mitz would have it: a treatment is not known to be permitted, and an emergency is helped.
      const isTreatment = asked.kind === 'retrieve' && asked.purpose.basis === 'treatment'
      return isSilent && isTreatment ? 'CONSENT_UNAVAILABLE' : 'PERMITTED'
    })
    const open = (byte: number, basis: string) =>
      gate.judge(request({ requestId: Buffer.alloc(16, byte), purpose: { basis, reason: 'x' } }), 'peer')
    const treatment = await open(0xaa, 'treatment')
    isSilent = true
    expect(await open(0xbb, 'emergency')).toMatchObject({ permitted: true })
    expect(treatment).toMatchObject({ permitted: true, watch: { aborted: false } })
    expect(judged).toEqual([
      ['aa', false],
      ['aa', true],
      ['bb', false],
      ['bb', true],
    ])
  })

  it('is waited for no longer when what leaves could not be put on record', async () => {
    const { gate, waits } = gateWith(
      () => 'PERMITTED',
      () => Promise.reject(new Error('disk')),
    )
    await expect(gate.judge(request(), 'peer')).rejects.toThrow('disk')
    expect(waits.map((over) => over?.aborted)).toEqual([true])
  })
})

describe('a stream that is cut before anything left', () => {
  it('is refused, and not on record as released', async () => {
    const lines: { event: string; reason?: string }[] = []
    const answers = ['PERMITTED', 'CONSENT_DENIED']
    const nothing = { onChange: () => {}, check: () => {}, note: async () => {} }
    const gate = new TransferGate({
      desk: {
        judge: async () => ({ decision: { why: answers.shift() }, bsn, studies: [{ studyInstanceUid }] }),
      },
      ...{ guard: nothing, consents: nothing, shieldings: nothing, emergencies: nothing },
      ...{ isOffered: async () => true, noteRecipient: async () => {} },
      account: { record: async (line: (typeof lines)[number]) => void lines.push(line) },
      ...{ clock: net.network.clock, log: silentLogger },
    } as unknown as ConstructorParameters<typeof TransferGate>[0])
    const verdict = await gate.judge(request(), net.b.key.peerId)
    expect(verdict).toEqual({ permitted: false, reason: 'CONSENT_MISSING' })
    expect(lines).toMatchObject([{ event: 'refused', reason: 'CONSENT_DENIED' }])
  })
})
