import { attribute } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import type { ContentsAnswer } from '@twiin/protocol'
import { parseBsn } from '@twiin/patient-token'
import { systemClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import type { Holder, PatientSearch } from '../find/patient-search.ts'
import { patient } from '../testing/test-hospital.ts'
import type { DeskQuery, QueryOutcome } from './query.ts'
import { key } from './query-keys.ts'
import { RemoteStudies } from './remote-studies.ts'

const asker = { person: { id: 'x', name: 'x', role: 'radiologist' }, federated: true, by: 'test' } as const
const holder = (ura: string, status: Holder['status'] = 'answered'): Holder => ({
  ...{ ura, name: `Ziekenhuis ${ura} (fictief)`, peerId: ura, status },
})
const searchOf = (...holders: Holder[]): PatientSearch => ({
  ...{
    id: 's',
    person: asker.person,
    bsn: parseBsn(patient.bsn),
    relation: 'stated' as const,
    birthDate: undefined,
  },
  ...{ purpose: { basis: 'treatment', reason: '' }, begunAt: 0, epoch: 1, loc: new Uint8Array(32), holders },
  ...{ index: { asked: 1, answered: 1 }, indexRead: true },
  studies: holders.map(({ ura }) => ({
    ...{ studyInstanceUid: `1.2.${ura}`, handle: ura, detail: 'holder', holder: ura, studyDate: null },
    ...{ modalities: ['CT'], description: '', instances: 1, bytes: 1, reports: 0, local: false },
  })),
})
const seriesOf = (...instances: number[]): ContentsAnswer => ({
  ...{ status: 'answered', requestId: new Uint8Array(16), issuedAt: 0, more: false },
  studies: [
    {
      ...{ uid: '1.2.1', accessionNumber: '', studyId: '', referringPhysician: '', seriesCount: 1 },
      series: instances.map((count, number) => ({
        ...{ uid: `1.2.1.${number}`, modality: 'CT', description: '', bodyPart: '', count },
        instances: Array.from({ length: count }, (_, at) => ({
          ...{ uid: `1.2.1.${number}.${at}`, sopClass: '1.2', syntax: '1.2' },
        })),
      })),
    },
  ],
})

function remote({
  askContents = async () => seriesOf(1),
  find = async () => undefined,
}: Partial<{
  askContents: (search: PatientSearch, peerId: string) => Promise<ContentsAnswer>
  find: () => Promise<undefined>
}> = {}) {
  let changed = (_: PatientSearch) => {}
  const searches = { onChange: (tell: typeof changed) => ((changed = tell), () => {}) }
  const options = { aeTitle: 'TWIIN', waitMs: 8000 }
  const studies = new RemoteStudies(options, {
    searches,
    patients: { find },
    askContents,
    clock: systemClock,
  })
  const outcome: QueryOutcome = { silent: [], truncated: false }
  const find_ = (search: PatientSearch, query: Partial<DeskQuery> & { keys?: Attributes }, waitMs = 60_000) =>
    studies.find(search, { level: 'IMAGE', keys: new Map(), asker, ...query }, outcome, Date.now() + waitMs)
  return { outcome, find: find_, changed: (search: PatientSearch) => changed(search) }
}

describe('what a holder has', () => {
  it('and cannot be shown makes it silent by name, and ends nothing while others are waited for', async () => {
    const search = searchOf(holder('1'), holder('2', 'pending'))
    const at = remote({
      find: async () => {
        throw new Error('disk')
      },
    })
    const reading = at.find(search, { level: 'STUDY' }).next()
    // A rejection that nobody handles would end the process here.
    await new Promise((resolve) => setTimeout(resolve, 20))
    Object.assign(search.holders[1]!, { status: 'refused', reason: 'BLOCKED' })
    at.changed(search)
    expect(await reading).toMatchObject({ done: true })
    expect(at.outcome.silent).toMatchObject([
      { ura: '1', status: 'failed', reason: 'UNEXPECTED' },
      { ura: '2', status: 'refused', reason: 'BLOCKED' },
    ])
  })

  it('and does not tell in time makes it silent', async () => {
    const at = remote({ askContents: () => new Promise(() => {}) })
    expect(await at.find(searchOf(holder('1')), {}, 20).next()).toMatchObject({ done: true })
    expect(at.outcome.silent).toMatchObject([{ ura: '1', status: 'pending', reason: 'NO_ANSWER' }])
  })

  it('and told in time is all read, however slowly', async () => {
    const at = remote({ askContents: async () => seriesOf(600, 600) })
    let read = 0
    for await (const _ of at.find(searchOf(holder('1')), {}, 30))
      if (++read === 1) await new Promise((resolve) => setTimeout(resolve, 60))
    expect([read, at.outcome.silent]).toEqual([1200, []])
  })

  it('is looked through in turns: others are served while nothing of it matches', async () => {
    const at = remote({ askContents: async () => seriesOf(20_000) })
    const keys: Attributes = new Map([attribute(key.sopInstanceUid, '9.9')])
    let turns = 0
    let isOver = false
    const others = (async () => {
      for (; !isOver; turns++) await new Promise((resolve) => setImmediate(resolve))
    })()
    for await (const _ of at.find(searchOf(holder('1')), { keys })) throw new Error('does not match')
    isOver = true
    await others
    expect(turns).toBeGreaterThan(50)
  })
})
