import type { InstanceRecord } from '@twiin/study-store'
import { expect, it } from 'vitest'
import { shotsOf } from './render-pictures.ts'

const image = (sopInstanceUid: string, numberOfFrames?: number) =>
  ({
    ...{ sopInstanceUid, rows: 8, columns: 8, isReport: false },
    ...(numberOfFrames === undefined ? {} : { numberOfFrames }),
  }) as InstanceRecord
const shots = async (instances: InstanceRecord[]) => (await shotsOf(instances, {} as never)).shots
const named = (all: Awaited<ReturnType<typeof shots>>) =>
  all.map(({ instance, frame }) => `${instance.sopInstanceUid}/${frame}`)

it('a series of 400 pictures or fewer is shown whole, each frame of those that move', async () => {
  expect(named(await shots([image('a'), image('b', 3), image('c')]))).toEqual([
    'a/1',
    'b/1',
    'b/2',
    'b/3',
    'c/1',
  ])
  const slices = Array.from({ length: 400 }, (_, i) => image(String(i)))
  expect(named(await shots(slices))).toEqual(slices.map(({ sopInstanceUid }) => `${sopInstanceUid}/1`))
})

it('of more, 400 are shown: the first, the last, and those evenly between', async () => {
  const slices = Array.from({ length: 900 }, (_, i) => image(String(i)))
  const places = (await shots(slices)).map(({ instance }) => Number(instance.sopInstanceUid))
  expect([places.length, places[0], places.at(-1)]).toEqual([400, 0, 899])
  const steps = new Set(places.slice(1).map((place, i) => place - (places[i] ?? 0)))
  expect([...steps].sort()).toEqual([2, 3])
  const film = named(await shots([image('a', 1000), image('b', 1_000_000)]))
  expect([film.length, film[0], film.at(-1)]).toEqual([400, 'a/1', 'b/1000000'])
})
