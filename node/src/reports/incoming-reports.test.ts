import { ShiftableClock } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oruMessage } from '../testing/oru.ts'
import { twoHospitals } from '../testing/test-hospital.ts'
import { IncomingReports } from './incoming-reports.ts'

let clock: ShiftableClock
let net: Awaited<ReturnType<typeof twoHospitals>>
beforeEach(async () => {
  clock = new ShiftableClock()
  net = await twoHospitals({ clock })
})
afterEach(() => net[Symbol.asyncDispose]())

describe('a report whose study is not here', () => {
  it('waits thirty days, and is for a person to look into after that', async () => {
    const { a } = net
    await a.exchange.reports.incoming.handle(oruMessage(), { id: '1', at: 0 })
    clock.moveOn(29 * 86_400_000)
    await a.restart()
    await a.exchange.reports.incoming.handle(oruMessage({ accession: 'ACC3' }), { id: '2', at: 0 })
    expect(await a.exchange.worklist.list(10)).toEqual([])
    clock.moveOn(2 * 86_400_000)
    await a.restart()
    await a.exchange.reports.incoming.handle(oruMessage({ accession: 'ACC2' }), { id: '3', at: 0 })
    expect(await a.exchange.worklist.list(10)).toMatchObject([
      { kind: 'REPORT_UNMATCHED', state: 'notice', incoming: { localId: '4711' } },
    ])
    const { studyInstanceUid } = await a.receive({ accessionNumber: 'ACC1' })
    expect(await a.ground.studies.studyByUid(studyInstanceUid)).toMatchObject({ reports: 0 })
  })

  it('leaves room for reports of other senders', async () => {
    const { ground, exchange, index } = net.a
    const { store, holdings } = ground
    const incoming = new IncomingReports(
      { own: { issuer: 'A', authorities: [] }, ura: '90000001', institution: 'A', mostOfSender: 1 },
      {
        ...{ ...ground, studies: holdings, worklist: exchange.worklist, patients: index.localPatients },
        authored: exchange.reports.authored,
        versions: store.repository('versions-test', { keys: 'plain-opaque' }),
        waiting: store.repository('waiting-test', { keys: 'plain-opaque' }),
        follow: () => Promise.resolve(),
      },
    )
    const tell = (accession: string, sender = 'RIS') => {
      const message = oruMessage({ accession, filler: accession, sender })
      return incoming.handle(message, { id: accession, at: 0 })
    }
    await tell('ACC1')
    await expect(tell('ACC2')).rejects.toThrow('OUT_OF_RESOURCES')
    // What waits already needs no room.
    await tell('ACC1')
    await tell('ACC2', 'CARDIO')
  })
})
