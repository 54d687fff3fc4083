import { sampleStudy } from '@twiin/dicom/testing'
import { openAssociation } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { JumpingClock } from '../testing/jumping-clock.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'
import { describeTransfer } from './describe-transfer.ts'
import { expectedEnds } from './expected-ends.ts'
import type { TransferRecord } from './transfer-record.ts'

const hourMs = 3_600_000
/** TWIIN_QUEUED_SENDS=200 for as many as a bad night brings; fewer by default. */
const queued = Number(process.env['TWIIN_QUEUED_SENDS'] ?? 30)

/** So many studies of one image, stored at this hospital over one association. */
async function store(hospital: TestHospital, count: number) {
  const studies = Array.from({ length: count }, (_, at) =>
    sampleStudy({
      ...{ kind: 'CT', patient, studyDate: '2026-01-05', description: `CT ${at}`, institution: 'A' },
      ...{ instances: 1, size: 16, seed: `many/${at}` },
    }),
  ).flat()
  const [first] = studies
  if (first === undefined) return []
  const { port } = hospital.exchange.dimse.address()
  const contexts = [{ abstractSyntax: first.sopClassUid, transferSyntaxes: [first.transferSyntaxUid] }]
  const association = await openAssociation(
    { host: '127.0.0.1', port, callingAe: 'CT1', calledAe: 'TWIIN', contexts },
    { log: silentLogger },
  )
  for (const instance of studies) {
    const dataSet = async function* () {
      yield instance.bytes.subarray(instance.dataSetOffset)
    }
    expect((await association.store({ ...instance, dataSet })).status).toBe(0)
  }
  await association.release()
  return studies
}

const sendTo = (a: TestHospital, studyInstanceUid: string, urgency: 'routine' | 'urgent') =>
  a.exchange.sends.request(
    { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'verwijzing', urgency },
    radiologist,
  )
const seen = (hospital: TestHospital, record: TransferRecord) => {
  const { book, links, speeds } = hospital.exchange
  const { clock } = hospital.network
  return describeTransfer(record, { links, ends: expectedEnds(book.active(), { links, speeds, clock }) })
}
const all = (hospital: TestHospital) => hospital.exchange.book.list({ limit: 500 })
const pacs = (hospital: TestHospital) => hospital.exchange.links.open('pacs')

/** Time goes on from one try to the next until the hours are over; what each try leads to is awaited. */
async function passHours(hospital: TestHospital, clock: JumpingClock, hours: number) {
  const end = clock.now() + hours * hourMs
  for (;;) {
    const open = await eventually(() => pacs(hospital))
    if (open.nextTryAt > end) break
    clock.moveOn(Math.max(0, open.nextTryAt - clock.now()))
    await eventually(() => (pacs(hospital)?.nextTryAt ?? 0) > open.nextTryAt)
  }
  clock.moveOn(end - clock.now())
}

describe('a PACS that is away', () => {
  it(
    `for eight hours with ${queued} sends queued, the node killed twice: all arrive, each once, in order of urgency; the sender sees why and when next`,
    { timeout: 240_000 },
    async () => {
      const clock = new JumpingClock()
      await using net = await twoHospitals({ clock })
      const { a, b } = net
      b.archive.isUp = false
      const studies = await store(a, queued)
      for (const [at, { studyInstanceUid }] of studies.entries())
        await sendTo(a, studyInstanceUid, at % 5 === 3 ? 'urgent' : 'routine')

      // Of what is under way the books know without reading the disk.
      const fetched = await eventually(() => {
        const here = b.exchange.book.active()
        return here.length === queued && here.every(({ hops }) => hops?.fetched !== undefined) && here
      })
      const told = await eventually(() => {
        const sends = a.exchange.book.active().map((record) => seen(a, record))
        return sends.every(({ reason }) => reason === 'RECIPIENT_PACS_AWAY') && sends
      })
      for (const { nextTryAt, state, eta } of told) {
        expect([state, eta]).toEqual(['queued', null])
        expect(Date.parse(nextTryAt ?? '')).toBeGreaterThan(clock.now() - 60_000)
      }

      const knocked = b.archive.knocks
      await passHours(b, clock, 3)
      await b.kill()
      await passHours(b, clock, 3)
      await b.kill()
      await passHours(b, clock, 2)
      // One transfer tries for all of them, and asks by C-ECHO what is wrong: at most each five minutes.
      expect(b.archive.knocks - knocked).toBeLessThan(2 * (8 * 12 + 60))
      expect(b.archive.stored).toEqual([])

      b.archive.isUp = true
      clock.moveOn(6 * 60_000)
      await eventually(() => a.exchange.book.active().length === 0)
      const expected = fetched
        .toSorted(
          (x, y) =>
            Number(y.urgent) - Number(x.urgent) || x.createdAt - y.createdAt || (x.id < y.id ? -1 : 1),
        )
        .map((record) => (record.kind === 'arrival' ? record.studyInstanceUids[0] : ''))
      const studyOf = new Map(studies.map((each) => [each.sopInstanceUid, each.studyInstanceUid]))
      expect(b.archive.stored.map(({ sopInstanceUid }) => studyOf.get(sopInstanceUid))).toEqual(expected)
      expect(b.archive.offered).toHaveLength(queued)
      for (const record of await all(a)) {
        const { hops } = seen(a, record)
        expect(hops.map(({ hop }) => hop)).toEqual([
          ...['received', 'queued', 'offered', 'fetched', 'filed', 'delivered', 'receipt'],
        ])
      }
    },
  )
})
