import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { activityReport } from '@twiin/protocol'
import type { ActivityReport } from '@twiin/protocol'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Application, Recorded } from '../ledger/acts.ts'
import { Register } from '../ledger/register.ts'
import { ActivityReports } from './activity-reports.ts'
import { CurrentFigures } from './current-figures.ts'
import { figuresAsCsv, publicFigures, safe } from './public-figures.ts'
import { Replay2021, figuresOn } from './replay-2021.ts'

const day = 86_400_000
const november = Date.parse('2026-11-20T12:00:00Z')

/** A register with members that joined, and were found exchanging, at these times. */
function registerOf(
  members: { key: NodeKey; ura: string; category: Application['category']; exchangingSince?: number }[],
): Register {
  const register = new Register()
  let index = 0
  const apply = (act: Recorded) => register.apply(act, index++)
  for (const { key, ura, category, exchangingSince } of members) {
    const { peerId } = key
    const application = { organisation: `Clinic ${ura}`, ura, category, declaredPatients: 100, mailboxes: [] }
    const at = exchangingSince ?? november - day
    const approved = { act: 'approved' as const, id: ura, digest: 'a'.repeat(64), application }
    apply({ at, ...approved, by: 'one' })
    apply({ at, ...approved, by: 'two', enrolment: { digest: ura.padEnd(64, '0'), expiresAt: at + day } })
    const validity = { notBefore: at, notAfter: november + 100 * day }
    const about = { peerId, ura, role: 'member' as const, ...validity }
    apply({ at, act: 'certifying', token: ura.padEnd(64, '0'), ...about })
    apply({ at, act: 'issued', serial: `${ura}aa`, name: ura, certificate: 'AA==', ...about })
    if (exchangingSince === undefined) continue
    const test = { run: ura.padStart(32, '0'), peerId, reference: peerId, version: '0.1.0', by: 'console' }
    apply({ at, act: 'self-tested', passed: true, steps: [], ...test })
  }
  return register
}

const reportOf = (key: NodeKey, month: string, received: [number, number]): ActivityReport => {
  const half = (studies: number) => ({ sent: 0, received: studies, bytesReceived: studies * 1000 })
  const halves: ActivityReport['halves'] = [half(received[0]), half(received[1])]
  return { kind: 'activity', peerId: key.peerId, issuedAt: november, month, halves }
}
const options = { now: november, hospitals: 74, studiesPerDisc: 1 }

describe('public figures', () => {
  const keys = Array.from({ length: 4 }, () => NodeKey.generate())
  const [a, b, c, d] = keys as [NodeKey, NodeKey, NodeKey, NodeKey]

  test('only who passed the self-test counts as exchanging, and clinics are counted apart from hospitals', () => {
    const register = registerOf([
      { key: a, ura: '90000001', category: 'umc', exchangingSince: november - 40 * day },
      { key: b, ura: '90000002', category: 'hospital', exchangingSince: november },
      { key: c, ura: '90000003', category: 'hospital' },
      { key: d, ura: '90000004', category: 'clinic', exchangingSince: november },
    ])
    const { coverage, history, byLevel } = publicFigures(register, [], options)
    expect(coverage).toEqual({
      hospitals: { exchanging: 2, total: 74 },
      clinics: { exchanging: 1, joined: 1 },
    })
    expect(history).toEqual([
      { month: '2026-10', hospitals: 1, clinics: 0 },
      { month: '2026-11', hospitals: 2, clinics: 1 },
    ])
    expect(byLevel).toEqual({ 1: 0, 2: 0, 3: 3, 4: 0 })
  })

  test('who was revoked counts no more, from that month on', () => {
    const register = registerOf([
      { key: a, ura: '90000001', category: 'hospital', exchangingSince: november - 40 * day },
      { key: b, ura: '90000002', category: 'hospital', exchangingSince: november - 40 * day },
    ])
    const by = ['one', 'two']
    register.apply(
      { at: november, act: 'revoked', peerId: b.peerId, serials: ['90000002aa'], reason: 'superseded', by },
      99,
    )
    const { coverage, history } = publicFigures(register, [], options)
    expect(coverage.hospitals.exchanging).toBe(1)
    expect(history.map(({ hospitals }) => hospitals)).toEqual([2, 1])
  })

  test('what a key said that was revoked since is counted no more', () => {
    const register = registerOf([{ key: a, ura: '90000001', category: 'hospital' }])
    const reports = [reportOf(a, '2026-11', [500, 0]), reportOf(b, '2026-11', [20, 0])]
    expect(publicFigures(register, reports, options).months[0]?.studies).toBe(520)
    const by = ['one', 'two']
    register.apply(
      {
        at: november,
        act: 'revoked',
        peerId: a.peerId,
        serials: ['90000001aa'],
        reason: 'keyCompromise',
        by,
      },
      99,
    )
    expect(publicFigures(register, reports, options).months[0]?.studies).toBe(20)
  })

  test('are computed once a minute however often anybody asks, and when something in them changed', async () => {
    const clock = new ManualClock(november)
    let computed = 0
    const reports = { changes: 0, all: () => (computed++, ([] as ActivityReport[]).values()) }
    const current = new CurrentFigures(options, { register: registerOf([]), reports, clock })
    for (let n = 0; n < 100; n++) current.get()
    expect(computed).toBe(1)
    reports.changes++
    current.get()
    current.get()
    expect(computed).toBe(2)
    await clock.advance(60_000)
    current.get()
    expect(computed).toBe(3)
  })

  test('a count below five is never shown, nor anything from which it could be computed', () => {
    const register = registerOf([])
    const reports = [reportOf(a, '2026-10', [3, 900]), reportOf(b, '2026-11', [10, 20])]
    const { months } = publicFigures(register, reports, options)
    expect(months).toEqual([
      {
        month: '2026-10',
        halves: [
          { studies: null, discsReplaced: null },
          { studies: 900, discsReplaced: 900 },
        ],
        studies: null,
      },
      {
        month: '2026-11',
        halves: [
          { studies: 10, discsReplaced: 10 },
          { studies: 20, discsReplaced: 20 },
        ],
        studies: 30,
      },
    ])
    expect([0, 1, 4, 5].map(safe)).toEqual([0, null, null, 5])
    const csv = figuresAsCsv(publicFigures(register, reports, options))
    expect(csv.split('\r\n').slice(0, 3)).toEqual([
      'month,half,studies,discs_replaced',
      '2026-10,1,<5,<5',
      '2026-10,2,900,900',
    ])
  })

  test('what two hospitals received in a month is added up; what they sent is the same studies', () => {
    const sent = reportOf(c, '2026-11', [0, 0])
    sent.halves[0].sent = 70
    const reports = [reportOf(a, '2026-11', [10, 0]), reportOf(b, '2026-11', [20, 0]), sent]
    expect(publicFigures(registerOf([]), reports, options).months[0]?.studies).toBe(30)
  })
})

describe('activity reports', () => {
  let dir = ''
  let store: Store
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'twiin-reports-'))
    store = await openStore()
  })
  afterEach(async () => {
    await store.stop()
    await rm(dir, { recursive: true })
  })
  async function openStore() {
    const opened = new Store({ dir: join(dir, 'db') }, { sealer: await Sealer.open(join(dir, 'key')) })
    await opened.start()
    return opened
  }
  const key = NodeKey.generate()
  const register = registerOf([{ key, ura: '90000001', category: 'hospital', exchangingSince: november }])
  const clock = new ManualClock(november)
  const open = async () => {
    const reports = new ActivityReports({}, { register, clock, store })
    await reports.load()
    return reports
  }
  const sign = (report: ActivityReport, by = key) => activityReport.sign(report, by).bytes

  test('a later report of a month takes the place of an earlier one, also after a restart', async () => {
    const reports = await open()
    const first = reportOf(key, '2026-11', [5, 0])
    expect(await reports.take(sign(first))).toBe(true)
    expect(
      await reports.take(
        sign({ ...first, issuedAt: november + 1, halves: reportOf(key, '2026-11', [9, 0]).halves }),
      ),
    ).toBe(true)
    expect(await reports.take(sign(first))).toBe(false)
    await store.stop()
    store = await openStore()
    expect([...(await open()).all()].map(({ halves }) => halves[0].received)).toEqual([9])
  })

  test('counts that no member can have are refused: more than a million, or more than its patients', async () => {
    const reports = await open()
    const report = (received: number) => sign(reportOf(key, '2026-11', [received, 0]))
    // It declared a hundred patients.
    await expect(reports.take(report(1_001))).rejects.toMatchObject({ code: 'REPORT_IMPLAUSIBLE' })
    await expect(reports.take(report(1_000_001))).rejects.toMatchObject({ code: 'MESSAGE_INVALID' })
    expect([...reports.all()]).toEqual([])
    expect(await reports.take(report(1_000))).toBe(true)
  })

  test('a stranger, another signature, an old or a future report is refused', async () => {
    const reports = await open()
    const report = reportOf(key, '2026-11', [5, 0])
    const stranger = NodeKey.generate()
    const refused = (signed: Uint8Array, code: string) =>
      expect(reports.take(signed)).rejects.toMatchObject({ code })
    await refused(sign({ ...report, peerId: stranger.peerId }, stranger), 'PEER_UNKNOWN')
    await refused(sign(report, stranger), 'SIGNATURE_INVALID')
    await refused(sign({ ...report, issuedAt: november - 6 * 60_000 }), 'REPORT_STALE')
    await refused(sign({ ...report, month: '2027-01' }), 'REPORT_STALE')
    await refused(sign({ ...report, month: '2026-07' }), 'REPORT_STALE')
    await refused(Buffer.from('noise'), 'MESSAGE_INVALID')
    expect([...reports.all()]).toEqual([])
  })
})

describe('the replay of spring 2021', () => {
  test('begins with 65 of 74 hospitals and ends with all, 55 clinics, and 60,000 studies in half a month', () => {
    const begin = figuresOn(0)
    expect(begin.coverage).toEqual({
      hospitals: { exchanging: 65, total: 74 },
      clinics: { exchanging: 0, joined: 0 },
    })
    const end = figuresOn(92)
    expect(end.coverage).toEqual({
      hospitals: { exchanging: 74, total: 74 },
      clinics: { exchanging: 55, joined: 55 },
    })
    expect(end.months.map(({ studies }) => studies)).toEqual([50_000, 120_000, 120_000])
    expect(end.months[1]?.halves[0].studies).toBe(60_000)
    expect(end.history.map(({ month }) => month)).toEqual(['2021-03', '2021-04', '2021-05'])
  })

  test('never goes back, day by day', () => {
    let before = figuresOn(0)
    for (let today = 1; today <= 92; today++) {
      const now = figuresOn(today)
      const studies = ({ months }: typeof now) => months.reduce((sum, month) => sum + (month.studies ?? 0), 0)
      expect(now.coverage.hospitals.exchanging).toBeGreaterThanOrEqual(before.coverage.hospitals.exchanging)
      expect(now.coverage.clinics.joined).toBeGreaterThanOrEqual(before.coverage.clinics.joined)
      expect(studies(now)).toBeGreaterThanOrEqual(studies(before))
      expect(now.history.at(-1)).toMatchObject({ hospitals: now.coverage.hospitals.exchanging })
      before = now
    }
  })

  test('takes a minute, can be paused, and starts over', async () => {
    const clock = new ManualClock()
    const replay = new Replay2021({}, { clock })
    await clock.advance(30_000)
    expect(replay.state).toMatchObject({ running: true, elapsedSeconds: 30, date: '2021-04-16' })
    replay.control('pause')
    await clock.advance(10_000)
    expect(replay.state).toMatchObject({ running: false, elapsedSeconds: 30 })
    replay.control('start')
    await clock.advance(40_000)
    expect(replay.state).toMatchObject({ running: false, elapsedSeconds: 60, date: '2021-05-31' })
    replay.control('restart')
    expect(replay.state).toMatchObject({ running: true, elapsedSeconds: 0 })
  })
})
