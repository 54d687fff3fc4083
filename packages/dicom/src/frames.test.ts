import { describe, expect, it } from 'vitest'
import { bytesInMemory } from './byte-source.ts'
import { openDataSet } from './data-set-source.ts'
import { FrameIndex } from './frames.ts'
import { readImage } from './image-description.ts'
import { readPart10Meta } from './part10.ts'
import { encapsulated, encapsulatedDataSet, item } from './testing/encapsulated.ts'
import { pydicomFiles } from './testing/pydicom-files.ts'
import { transferSyntax } from './transfer-syntax.ts'

const read = (bytes: Uint8Array) =>
  async function* ({ offset, length }: { offset: number; length: number }) {
    yield bytes.subarray(offset, offset + length)
  }

async function open(dataSet: Uint8Array, transferSyntaxUid: string) {
  const { source, encoding } = await openDataSet(
    { transferSyntaxUid, size: dataSet.length },
    { read: read(dataSet) },
  )
  const image = await readImage(source, encoding)
  if (image === undefined) return undefined
  const index = new FrameIndex(image, source)
  const bytes = async (number: number) => {
    const { spans } = await index.frame(number)
    const pieces = []
    for (const { offset, length } of spans) pieces.push(Buffer.from(await source.read(offset, length)))
    return Buffer.concat(pieces)
  }
  return { image, bytes }
}
const openJpeg = async (dataSet: Uint8Array) => {
  const opened = await open(dataSet, transferSyntax.jpegBaseline)
  if (opened === undefined) throw new Error('no image')
  return opened.bytes
}

const files = pydicomFiles('test_files').flatMap(({ name, bytes }) => {
  try {
    const { transferSyntaxUid, dataSetOffset } = readPart10Meta(bytes)
    return [{ name, dataSet: bytes.subarray(dataSetOffset), transferSyntaxUid }]
  } catch {
    return []
  }
})

describe('frames of pydicom’s files', () => {
  it.skipIf(files.length === 0)('are together what the file has, in every transfer syntax', async () => {
    const seen = new Set<string>()
    for (const { name, dataSet, transferSyntaxUid } of files) {
      const opened = await open(dataSet, transferSyntaxUid).catch(() => undefined)
      if (opened === undefined) continue
      const { image, bytes } = opened
      const { element } = image.pixels
      const frames: Buffer[] = []
      try {
        for (let n = 1; n <= image.description.numberOfFrames; n++) frames.push(await bytes(n))
      } catch {
        expect(name).toMatch(/no_bot|truncated|mismatch|incorrect/i) // broken on purpose
        continue
      }
      const joined = Buffer.concat(frames)
      if (element.isEncapsulated) {
        // Every fragment of the file once, in order: what a search for their bytes finds.
        let at = dataSet.length - element.length
        for (const frame of frames) {
          const found = dataSet.indexOf(frame.subarray(0, Math.min(64, frame.length)), at)
          expect(found, name).toBeGreaterThan(0)
          at = found + 1
        }
      } else if (
        image.description.bitsAllocated >= 8 &&
        transferSyntaxUid !== transferSyntax.deflatedExplicitLittleEndian
      ) {
        expect(joined.equals(dataSet.subarray(element.offset, element.offset + joined.length)), name).toBe(
          true,
        )
      }
      seen.add(transferSyntaxUid)
    }
    expect([...seen].sort()).toEqual(
      expect.arrayContaining([transferSyntax.jpegBaseline, transferSyntax.rleLossless]),
    )
    expect(seen.size).toBeGreaterThan(10)
  })
})

describe('compressed frames', () => {
  const picture = (n: number, size = 10) =>
    Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, n]), Buffer.alloc(size - 4, n)])

  it('in several fragments are joined, by the basic offset table', async () => {
    const fragments = [picture(1), Buffer.alloc(6, 1), picture(2), picture(3), Buffer.alloc(4, 3)]
    const bytes = await openJpeg(encapsulatedDataSet({ frames: 3, table: [0, 18 + 14, 50], fragments }))
    expect(await bytes(1)).toEqual(Buffer.concat(fragments.slice(0, 2)))
    expect(await bytes(2)).toEqual(fragments[2])
    expect(await bytes(3)).toEqual(Buffer.concat(fragments.slice(3)))
    await expect(bytes(4)).rejects.toThrow('FRAME_UNKNOWN')
    for (const bad of [0, -1, 1.5, NaN]) await expect(bytes(bad)).rejects.toThrow('FRAME_UNKNOWN')
  })

  it('are found without a table by where pictures begin', async () => {
    const fragments = [picture(1), Buffer.alloc(6, 1), picture(2)]
    const bytes = await openJpeg(encapsulatedDataSet({ frames: 2, table: [], fragments }))
    expect(await bytes(1)).toEqual(Buffer.concat(fragments.slice(0, 2)))
    expect(await bytes(2)).toEqual(fragments[2])
  })

  it.each([
    ['cut short', Buffer.alloc(4)],
    ['of odd length', Buffer.alloc(6)],
    ['pointing between fragments', u32(0, 9, 36)],
    ['pointing past the end', u32(0, 18, 0xffff_fff0)],
    ['in the wrong order', u32(0, 36, 18)],
  ])('are found by a scan when their table is %s', async (_, table) => {
    const fragments = [picture(1), picture(2), picture(3)]
    const bytes = await openJpeg(
      encapsulated({ frames: 3, elements: [], items: [item(table), ...fragments.map(item)] }),
    )
    expect(await Promise.all([1, 2, 3].map(bytes))).toEqual(fragments)
  })

  it('have their exact length by the extended offset table, and a wrong one counts for nothing', async () => {
    const fragments = [picture(1), picture(2)]
    const right = encapsulatedDataSet({
      frames: 2,
      table: [],
      fragments,
      extended: { offsets: [0, 18], lengths: [9, 10] },
    })
    expect(await (await openJpeg(right))(1)).toEqual(fragments[0]?.subarray(0, 9))
    expect(await (await openJpeg(right))(2)).toEqual(fragments[1])
    const wrong = encapsulatedDataSet({
      frames: 2,
      table: [],
      fragments,
      extended: { offsets: [0, 1e15], lengths: [9, 1e15] },
    })
    expect(await (await openJpeg(wrong))(2)).toEqual(fragments[1])
  })

  it('of an image that states more frames than it has are refused, quickly', async () => {
    const fragments = [picture(1), picture(2)]
    const bytes = await openJpeg(encapsulatedDataSet({ frames: 2_000_000_000, table: [], fragments }))
    expect(await bytes(2)).toEqual(fragments[1])
    await expect(bytes(3)).rejects.toThrow('FRAME_UNKNOWN')
    await expect(bytes(1_999_999_999)).rejects.toThrow('FRAME_UNKNOWN')
  })

  it('that cannot be told apart are refused, not guessed', async () => {
    const fragments = [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4)]
    const bytes = await openJpeg(encapsulatedDataSet({ frames: 2, table: [], fragments }))
    await expect(bytes(1)).rejects.toThrow('DICOM_UNREADABLE')
  })

  it('cut off anywhere never hang or answer what is not there', async () => {
    const whole = encapsulatedDataSet({ frames: 2, table: [0, 18], fragments: [picture(1), picture(2)] })
    for (let size = 0; size < whole.length - 8; size++) {
      const bytes = await openJpeg(whole.subarray(0, size)).catch(() => undefined)
      if (bytes !== undefined) await expect(bytes(2)).rejects.toThrow(/DICOM_UNREADABLE|FRAME_UNKNOWN/)
    }
  })
})

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => bytes.writeUInt32LE(value, i * 4))
  return bytes
}

it('reads no more than the window around what it looks at', () => {
  expect(bytesInMemory(Buffer.from('abc')).read(1, 10)).toEqual(Buffer.from('bc'))
})
