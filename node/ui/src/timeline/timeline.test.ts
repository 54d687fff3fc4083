import { describe, expect, it } from 'vitest'
import type { FoundStudy } from '../api-types.ts'
import { regionOf } from './body-region.ts'
import { priorsOf } from './choose-priors.ts'
import { layOut } from './lane-layout.ts'
import { mergeStudies } from './merge-studies.ts'
import { chosenStudies, noFilters, readFilters, writeFilters } from './timeline-filters.ts'

function study(uid: string | null, change: Partial<FoundStudy> = {}): FoundStudy {
  return {
    ...{ studyInstanceUid: uid, handle: `h${uid ?? 'x'}`, detail: 'holder', holder: '90000001' },
    ...{ studyDate: '2020-05-01', modalities: ['CT'], description: 'CT thorax', instances: 10, bytes: 1 },
    ...{ reports: 0, local: false, ...change },
  }
}
const names = (ura: string) => ura

describe('the studies of a patient', () => {
  it('stand there once each, with the copy that is here first, under a name that stays', () => {
    const remote = study('1', { holder: '90000002' })
    const [before] = mergeStudies([remote])
    const [after, ...more] = mergeStudies([
      remote,
      study('1', { local: true }),
      study('1', { holder: '90000003' }),
    ])
    expect(more).toEqual([])
    expect(after).toMatchObject({ key: before?.key, local: true, also: ['90000002', '90000003'] })
    // Of two that only the index knows nobody can say that they are one.
    expect(mergeStudies([study(null), study(null, { holder: '90000002' })])).toHaveLength(2)
  })

  it('are filtered and sorted by what stands in the address, and by nothing that is nonsense', () => {
    const hash = 'soort=CT,MR&gebied=chest&ziekenhuis=90000002&van=2018&tot=2024&verslag=1&volgorde=-size'
    expect(writeFilters(readFilters(`#${hash}`))).toBe(hash)
    expect(readFilters('#soort=<script>&van=nu&ziekenhuis=999990019&gebied=hart&volgorde=bsn')).toEqual(
      noFilters,
    )
    const all = mergeStudies([
      study('1', { studyDate: '2024-01-01', modalities: ['MR'], reports: 1, instances: 3 }),
      study('2', { studyDate: '2019-01-01', instances: 9 }),
      study('3', { studyDate: null, holder: '90000002', description: 'X-knie' }),
    ])
    const uids = (hash: string) =>
      chosenStudies(all, readFilters(hash), names).map(({ studyInstanceUid }) => studyInstanceUid)
    expect(uids('')).toEqual(['1', '2', '3'])
    expect(uids('van=2020')).toEqual(['1'])
    expect(uids('soort=CT')).toEqual(['2', '3'])
    expect(uids('gebied=lower')).toEqual(['3'])
    expect(uids('ziekenhuis=90000002')).toEqual(['3'])
    expect(uids('verslag=1')).toEqual(['1'])
    expect(uids('volgorde=size')).toEqual(['3', '2', '1'])
    expect(uids('volgorde=-date')).toEqual(['3', '2', '1'])
  })

  it('are laid out by date in lanes, and none covers another', () => {
    const all = mergeStudies([
      ...Array.from({ length: 3 }, (_, day) => study(`a${day}`, { studyDate: `2020-05-0${day + 1}` })),
      study('b', { studyDate: '2024-05-01', description: 'MRI hersenen' }),
      study('c', { studyDate: null }),
    ])
    const { lanes, undated, ticks } = layOut(all, 'region', 600)
    expect(lanes.map(({ id, levels }) => [id, levels])).toEqual([
      ['head', 1],
      ['chest', 3],
    ])
    expect(undated).toBe(1)
    expect(ticks[0]?.year).toBe(2020)
    const [head] = lanes[0]?.marks ?? []
    expect(head?.x).toBeGreaterThan(400)
  })
})

describe('earlier studies', () => {
  it('of the same region are suggested, the same kind first', () => {
    const all = mergeStudies([
      study('now', { studyDate: '2024-01-01' }),
      study('x', { studyDate: '2023-01-01', modalities: ['CR'], description: 'X-thorax' }),
      study('ct', { studyDate: '2020-01-01' }),
      study('later', { studyDate: '2025-01-01' }),
      study('knee', { studyDate: '2022-01-01', description: 'MRI knie' }),
    ])
    const [now] = all
    if (now === undefined) throw new Error('no study')
    expect(priorsOf(now, all).map(({ studyInstanceUid }) => studyInstanceUid)).toEqual(['ct', 'x'])
  })

  it('are known by Dutch and English words', () => {
    for (const [words, region] of [
      ['CT thorax met contrast', 'chest'],
      ['MRI hersenen', 'head'],
      ['Echo abdomen', 'abdomen'],
      ['X-knie rechts', 'lower'],
      ['MRI LWK', 'spine'],
      ['X-pols', 'upper'],
      ['Mammografie', 'breast'],
      ['', 'other'],
    ] as const)
      expect(regionOf(words), words).toBe(region)
  })
})
