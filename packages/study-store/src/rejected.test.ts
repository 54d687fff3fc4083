import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StudyChange } from './records.ts'
import { Holdings, collect, headOf, remote } from './testing.ts'

let holdings: Holdings
let study: string
const own = { studyInstanceUid: '1.2.3', owner: 'local' }
const why = { title: '113037', note: '1.2.3.9.9' }
const arrive = (uid: string, facts = {}) => holdings.receive(headOf(uid), randomBytes(100), facts)
const uids = async (options?: { rejected?: boolean }) =>
  (await collect(holdings.studies.instances(study, options))).map(({ sopInstanceUid }) => sopInstanceUid)

beforeEach(async () => {
  holdings = await Holdings.create()
  for (const uid of ['1.2.3.1.1', '1.2.3.1.2']) ({ study } = await arrive(uid))
})
afterEach(() => holdings[Symbol.asyncDispose]())

describe('what was taken back', () => {
  it('is in no list or count any more, after a restart too, and its bytes are kept', async () => {
    expect(await holdings.studies.reject(own, ['1.2.3.1.1'], why)).toBe(1)
    await holdings.restart()
    expect(await uids()).toEqual(['1.2.3.1.2'])
    expect(await holdings.studies.instanceByUid('1.2.3.1.1')).toBeUndefined()
    expect(await holdings.studies.studyByUid('1.2.3')).toMatchObject({ instances: 1, bytes: 100, series: 1 })
    const hidden = await holdings.studies.instanceByUid('1.2.3.1.1', 'local', { rejected: true })
    expect(hidden?.rejected).toEqual(why)
    expect((await collect(holdings.studies.readDataSet(hidden ?? { blob: '', size: 0 }))).length).toBe(1)
  })

  it('counts once, however often it is taken back', async () => {
    await Promise.all([1, 2, 3].map(() => holdings.studies.reject(own, ['1.2.3.1.1'], why)))
    expect(await holdings.studies.studyByUid('1.2.3')).toMatchObject({ instances: 1 })
  })

  it('takes the study with it when nothing is left, until something new comes', async () => {
    const changes: StudyChange[] = []
    holdings.studies.onChange((change) => changes.push(change))
    await holdings.studies.reject(own, ['1.2.3.1.1', '1.2.3.1.2'], why)
    expect(changes).toEqual([{ handle: study, what: 'rejected' }])
    const { studies } = holdings
    expect(await studies.studyByUid('1.2.3')).toBeUndefined()
    expect(await studies.copiesOf('1.2.3')).toEqual([])
    expect(await collect(studies.studies())).toEqual([])
    expect(await collect(studies.series(study))).toEqual([])
    await arrive('1.2.3.1.3')
    expect(await studies.studyByUid('1.2.3')).toMatchObject({ instances: 1, series: 1 })
    expect(await uids()).toEqual(['1.2.3.1.3'])
    expect(await uids({ rejected: true })).toHaveLength(3)
  })

  it('before it came is hidden as it comes', async () => {
    expect(await holdings.studies.reject(own, ['1.2.3.1.3'], why)).toBe(0)
    expect(await arrive('1.2.3.1.3')).toMatchObject({ outcome: 'stored' })
    expect(await uids()).toEqual(['1.2.3.1.1', '1.2.3.1.2'])
    expect(await arrive('1.2.3.1.4')).toMatchObject({ outcome: 'stored' })
    expect(await uids()).toEqual(['1.2.3.1.1', '1.2.3.1.2', '1.2.3.1.4'])
  })

  it('by one owner is there in the copy of another, and so is an instance of another study', async () => {
    await arrive('1.2.3.1.1', { origin: remote })
    await holdings.receive(headOf('1.2.4.1.1', { studyInstanceUid: '1.2.4' }), randomBytes(10))
    expect(await holdings.studies.reject({ ...own, owner: '90000002' }, ['1.2.3.1.1'], why)).toBe(1)
    expect(await holdings.studies.reject(own, ['1.2.4.1.1'], why)).toBe(0)
    expect(await uids()).toEqual(['1.2.3.1.1', '1.2.3.1.2'])
    expect(await holdings.studies.studyByUid('1.2.4')).toMatchObject({ instances: 1 })
    expect(await holdings.studies.copiesOf('1.2.3')).toHaveLength(1)
  })

  it('may be thousands at once', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => `1.2.3.7.${i}`)
    await holdings.studies.reject(own, [...many, '1.2.3.1.2'], why)
    expect(await uids()).toEqual(['1.2.3.1.1'])
  })
})
