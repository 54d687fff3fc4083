import { describe, expect, it } from 'vitest'
import { readInstance } from './image-facts.ts'
import type { ViewedFrame } from './image-facts.ts'
import { jsonItems } from './json-items.ts'
import { keyImagesOf } from './key-images.ts'
import { linkedFrame } from './linked-position.ts'
import { isLossy } from './lossy.ts'
import { edgeLetters } from './orientation-letters.ts'
import { compared, filled, firstPanes, laidOut, linked, scrolled, withSeries } from './panes.ts'
import type { Panes } from './panes.ts'
import { middleOut } from './prefetch-order.ts'
import { stackOrder } from './stack-order.ts'
import { commandOf } from './viewer-keys.ts'
import { ctPresets, windowFor } from './window-presets.ts'

const axial = [1, 0, 0, 0, 1, 0]
const value = (vr: string, ...values: unknown[]) => ({ vr, Value: values })

/** One slice, as the node describes it. */
function slice(of: {
  number: number
  z?: number
  series?: string
  frameOfReference?: string
  orientation?: number[]
  more?: object
}): ViewedFrame {
  const { number, z, series = '1.2.1', frameOfReference = '', orientation = axial, more = {} } = of
  const instance = readInstance({
    '0020000D': value('UI', '1.2'),
    '0020000E': value('UI', series),
    '00080018': value('UI', `${series}.${number}`),
    '00080060': value('CS', 'CT'),
    '00200013': value('IS', number),
    '00200052': value('UI', frameOfReference),
    ...(z === undefined ? {} : { '00200032': value('DS', 0, 0, z), '00200037': value('DS', ...orientation) }),
    '00280010': value('US', 4),
    '00280011': value('US', 4),
    '7FE00010': { vr: 'OW', BulkDataURI: 'x' },
    ...more,
  })
  const [frame] = instance?.frames ?? []
  if (frame === undefined) throw new Error('no frame')
  return frame
}
const stack = (places: readonly number[], of: { series?: string; frameOfReference?: string } = {}) =>
  places.map((z, at) => slice({ number: at + 1, z, ...of }))
const keys = (frames: readonly ViewedFrame[]) => frames.map(({ key }) => key)

describe('what is fetched ahead', () => {
  it('goes outwards from where the eye is, first where it moves to', () => {
    expect(middleOut(6, 2)).toEqual([2, 3, 1, 4, 0, 5])
    expect(middleOut(4, 2, -1)).toEqual([2, 1, 3, 0])
    expect(middleOut(3, 9)).toEqual([2, 1, 0])
    expect(middleOut(0, 0)).toEqual([])
  })
})

describe('a stack', () => {
  it('is ordered by place in the patient, the way the device numbered it, whatever order it came in', () => {
    const wanted = stack([30, 20, 10, 0])
    expect(keys(stackOrder([2, 0, 3, 1].map((at) => wanted[at] as ViewedFrame)))).toEqual(keys(wanted))
  })

  it('is ordered by number where places are taken twice, differ in direction or are not known', () => {
    for (const frames of [
      stack([0, 10, 0, 10]),
      [slice({ number: 1, z: 10 }), slice({ number: 2, z: 0, orientation: [1, 0, 0, 0, 0, 1] })],
      [slice({ number: 1 }), slice({ number: 2 })],
    ])
      expect(keys(stackOrder([...frames].reverse()))).toEqual(keys(frames))
  })

  it('has the frames of a multi-frame image one by one', () => {
    const [frame] = slice({ number: 1, more: { '00280008': value('IS', 3) } }).instance.frames
    expect(frame?.instance.frames.map(({ key }) => key)).toEqual(['1.2.1.1#1', '1.2.1.1#2', '1.2.1.1#3'])
  })
})

describe('linked scrolling', () => {
  const own = { stack: stack([0, 5, 10, 15, 20], { frameOfReference: '9' }), anchor: 0 }

  it('goes to the same place where both stand in one frame of reference', () => {
    const other = { stack: stack([20, 10, 0], { series: '1.2.2', frameOfReference: '9' }), anchor: 0 }
    expect([0, 2, 4].map((at) => linkedFrame(own, at, other))).toEqual([2, 1, 0])
  })

  it('goes as many millimetres as the other where only the direction is the same', () => {
    const other = { stack: stack([100, 102, 104, 106, 108, 110], { series: '1.2.2' }), anchor: 1 }
    expect([0, 1, 2].map((at) => linkedFrame(own, at, other))).toEqual([1, 3, 5])
  })

  it('goes as many images where neither is known, and no further than there are', () => {
    const other = { stack: [1, 2, 3].map((number) => slice({ number, series: '1.2.2' })), anchor: 1 }
    expect([0, 1, 4].map((at) => linkedFrame(own, at, other))).toEqual([1, 2, 2])
    expect(linkedFrame(own, 1, { stack: [], anchor: 0 })).toBeUndefined()
  })
})

describe('panes', () => {
  const here = { uid: '1.2.1', stack: stack([0, 1, 2, 3]) }
  const prior = { uid: '1.2.2', stack: stack([50, 51, 52, 53], { series: '1.2.2' }) }
  const stacks = { seriesOf: (study: string) => ({ now: [here], then: [prior] })[study] ?? [] }
  const shown = ({ panes }: Panes) => panes.map((pane) => pane?.frame)

  it('keep to the first picture while a stack grows at both ends, until somebody moves', () => {
    const growing = { seriesOf: () => [{ uid: '1.2.1', stack: here.stack.slice(2, 3) }] }
    const first = filled(firstPanes('now'), growing)
    expect(shown(first)).toEqual(['1.2.1.3#1'])
    expect(shown(filled(first, stacks))).toEqual(['1.2.1.1#1'])
    const two = { seriesOf: () => [{ uid: '1.2.1', stack: here.stack.slice(1, 3) }] }
    const moved = scrolled(filled(first, two), two, { pane: 0, frames: 1 })
    expect(shown(moved)).toEqual(['1.2.1.3#1'])
    expect(shown(filled(moved, stacks))).toEqual(['1.2.1.3#1'])
    expect(shown(scrolled(first, stacks, { pane: 0, frames: -1 }))).toEqual(['1.2.1.2#1'])
  })

  it('put a prior beside the current study and scroll with it from where both are', () => {
    const begun = compared(filled(firstPanes('now'), stacks), stacks, 'then')
    expect(begun.layout).toBe('1x2')
    const moved = scrolled(begun, stacks, { pane: 0, frames: 2 })
    expect(shown(moved)).toEqual(['1.2.1.3#1', '1.2.2.3#1'])
    // Apart, one moves alone; together again, from there.
    const apart = scrolled(linked(moved), stacks, { pane: 1, frames: -1 })
    expect(shown(apart)).toEqual(['1.2.1.3#1', '1.2.2.2#1'])
    expect(shown(scrolled(linked(apart), stacks, { pane: 0, frames: 1 }))).toEqual(['1.2.1.4#1', '1.2.2.3#1'])
  })

  it('keep the active one when there are fewer, and stop at the ends', () => {
    const wide = laidOut(compared(filled(firstPanes('now'), stacks), stacks, 'then'), stacks, '2x2')
    const narrow = laidOut({ ...wide, active: 1 }, stacks, '1x1')
    expect(narrow.panes.map((pane) => pane?.study)).toEqual(['then'])
    expect(shown(scrolled(narrow, stacks, { pane: 0, frames: 99 }))).toEqual(['1.2.2.4#1'])
    expect(shown(withSeries(narrow, stacks, { study: 'now', series: '1.2.1' }))).toEqual(['1.2.1.1#1'])
  })
})

describe('a window', () => {
  it('is a preset on CT, and narrower or wider than its own elsewhere', () => {
    const own = { center: 100, width: 200 }
    expect(windowFor(2, { modality: 'CT', isColour: false, own })).toEqual({ center: -600, width: 1500 })
    expect(windowFor(3, { modality: 'MR', isColour: false, own })).toEqual({ center: 100, width: 100 })
    expect(windowFor(7, { modality: 'MR', isColour: false, own })).toEqual({ center: 100, width: 400 })
    expect(windowFor(1, { modality: 'MR', isColour: false, own: undefined })).toBeUndefined()
    expect(windowFor(1, { modality: 'US', isColour: true, own })).toBeUndefined()
    expect(windowFor(0, { modality: 'CT', isColour: false, own })).toBeUndefined()
    expect(ctPresets).toHaveLength(9)
  })
})

describe('loss', () => {
  it('is said by the data set, or by a way of storing that always loses', () => {
    const stored = (suffix: string, said = '') =>
      isLossy({ transferSyntaxUid: `1.2.840.10008.1.2${suffix}`, lossyImageCompression: said })
    expect(['.4.50', '.4.51', '.4.81', '.4.102'].map((suffix) => stored(suffix))).not.toContain(false)
    expect(['.1', '.4.70', '.4.80', '.4.90', '.5'].map((suffix) => stored(suffix))).not.toContain(true)
    expect(stored('.4.91', '01')).toBe(true)
    expect(stored('.1', '01')).toBe(true)
    expect(stored('.4.91', '00')).toBe(false)
  })
})

describe('edges', () => {
  it('say towards what they lie in the patient', () => {
    expect(edgeLetters([1, 0, 0], [0, 1, 0])).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' })
    expect(edgeLetters([0, 1, 0], [0, 0, -1])).toEqual({ left: 'A', right: 'P', top: 'H', bottom: 'F' })
    expect(edgeLetters([0.8, 0.6, 0], [0, 0, -1]).right).toBe('LP')
  })
})

describe('key images', () => {
  const document = (title: string, frames = [3, 4]) =>
    readInstance({
      '0020000D': value('UI', '1.2'),
      '0020000E': value('UI', '1.2.9'),
      '00080018': value('UI', '1.2.9.1'),
      '00080016': value('UI', '1.2.840.10008.5.1.4.1.1.88.59'),
      '0040A043': value('SQ', { '00080100': value('SH', title), '00080104': value('LO', 'Title') }),
      '0040A730': value('SQ', {
        '0040A040': value('CS', 'IMAGE'),
        '00081199': value('SQ', { '00081155': value('UI', '1.2.1.2'), '00081160': value('IS', ...frames) }),
      }),
    })

  it('are those that a document marks, and not those that it takes back', () => {
    const marked = keyImagesOf([document('113000')].flatMap((one) => one ?? []))
    expect([...marked]).toEqual([
      ['1.2.1.2#3', 'Title'],
      ['1.2.1.2#4', 'Title'],
    ])
    expect(keyImagesOf([document('113001')].flatMap((one) => one ?? [])).size).toBe(0)
  })

  it('of a document that marks without end are no more than an instance has frames', () => {
    const frames = Array.from({ length: 50_000 }, (_, at) => at + 1)
    const marked = keyImagesOf([document('113000', frames)].flatMap((one) => one ?? []))
    expect(marked.size).toBe(20_000)
  })
})

describe('metadata', () => {
  const read = async (text: string, size: number) => {
    const bytes = new TextEncoder().encode(text)
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
    }
    const found: unknown[] = []
    for await (const item of jsonItems(chunks())) found.push(item)
    return found
  }
  const list = [{ a: '}],"\\é', b: [{ c: [1, 2] }] }, {}, { d: '\\\\' }]

  it('are read object by object, however the bytes were cut', async () => {
    for (const size of [1, 2, 3, 7, 1000]) {
      expect(await read(JSON.stringify(list), size)).toEqual(list)
      expect(await read(JSON.stringify(list, null, 2), size)).toEqual(list)
    }
    expect(await read('[]', 1)).toEqual([])
  })

  it('that break off, or are no list, are an error', async () => {
    for (const text of ['[{"a":1},', '[{"a":1', '{"a":1}', '[1,2]', '', '[{}]x'])
      await expect(read(text, 2)).rejects.toThrow(SyntaxError)
  })

  it('that name no instance are nothing', () => {
    expect(readInstance({})).toBeUndefined()
    expect(
      readInstance({ '0020000D': value('UI', '1.2/../..'), '0020000E': value('UI', '1') }),
    ).toBeUndefined()
  })
})

describe('keys', () => {
  it('mean the same with and without capitals, but where Shift means more', () => {
    const press = (key: string, more = {}) =>
      commandOf({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more })
    expect(press('k')).toEqual({ do: 'link' })
    expect(press('p')).toEqual({ do: 'series', step: -1 })
    expect(press('P', { shiftKey: true })).toEqual({ do: 'prior' })
    expect(press('PageDown')).toEqual({ do: 'scroll', frames: 10 })
    expect(press('3')).toEqual({ do: 'preset', digit: 3 })
    expect(press('?', { shiftKey: true })).toEqual({ do: 'help' })
    expect(press('r', { ctrlKey: true })).toBeUndefined()
  })
})
