import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeElement } from './element-encoding.ts'
import { explicitLittleEndian } from './element-header.ts'
import { DataSetScan, readPart10Meta, transferSyntax } from './index.ts'
import { hostileDataSets, pydicomFiles, reencode, sampleStudy } from './testing.ts'

async function scan(dataSet: Uint8Array, transferSyntaxUid: string, chunk = 65_536) {
  const scanning = new DataSetScan({ transferSyntaxUid })
  for (let at = 0; at < dataSet.length; at += chunk) await scanning.push(dataSet.subarray(at, at + chunk))
  return scanning.end()
}

const patient = { id: '1', name: 'Jansen^Jan', birthDate: '1961-02-03', sex: 'M' } as const
const [sample] = sampleStudy({
  ...{ kind: 'CT', patient, studyDate: '2024-05-06', description: 'Thorax', institution: 'Oost' },
  ...{ seed: 'scan', instances: 1, size: 32 },
})
if (sample === undefined) throw new Error('no sample')
const explicit = sample.bytes.subarray(sample.dataSetOffset)
const syntaxes = [
  transferSyntax.explicitLittleEndian,
  transferSyntax.implicitLittleEndian,
  transferSyntax.explicitBigEndian,
  transferSyntax.deflatedExplicitLittleEndian,
]

describe.each(syntaxes)('a data set in %s', (syntax) => {
  const dataSet = reencode(explicit, syntax)

  test('is complete, and its pixel data is found', async () => {
    const { complete, pixelDataOffset } = await scan(dataSet, syntax)
    expect(complete).toBe(true)
    const inflated = syntax === transferSyntax.deflatedExplicitLittleEndian ? explicit.length : dataSet.length
    expect((pixelDataOffset ?? 0) + 8 + 32 * 32 * 2).toBeLessThanOrEqual(inflated)
  })

  test('is incomplete when its end is missing, however it comes in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 5000 }),
        async (missing, chunk) => {
          const end = dataSet.length - Math.min(missing, dataSet.length - 1)
          const { complete, reason } = await scan(dataSet.subarray(0, end), syntax, chunk)
          expect(complete).toBe(false)
          expect(reason).not.toBe('')
        },
      ),
      { numRuns: 30 },
    )
  })
})

test('an unknown transfer syntax is no reason to throw', async () => {
  expect(await scan(explicit, '1.2.3')).toEqual({ complete: false, reason: 'unknown transfer syntax' })
})

test.each(hostileDataSets().map((hostile) => [hostile.name, hostile] as const))(
  'a hostile data set does not throw, take long or take memory: %s',
  async (_, { dataSet, transferSyntaxUid }) => {
    const memory = process.memoryUsage.rss()
    const start = performance.now()
    const { complete } = await scan(dataSet, transferSyntaxUid)
    expect(performance.now() - start).toBeLessThan(4000)
    expect(process.memoryUsage.rss() - memory).toBeLessThan(150e6)
    expect(typeof complete).toBe('boolean')
  },
)

test.each([100, 2000, 100_000])('sequences %d deep are refused for their depth', async (depth) => {
  const nested = hostileDataSets().find(({ name }) => name === `sequences ${depth} deep`)
  if (nested === undefined) throw new Error('no such data set')
  const result = await scan(nested.dataSet, nested.transferSyntaxUid)
  expect(result).toEqual({ complete: false, reason: 'nested too deeply' })
})

test('what inflates beyond the limit is refused', async () => {
  const bomb = hostileDataSets().find(({ name }) => name === 'a deflate bomb')
  if (bomb === undefined) throw new Error('no such data set')
  const result = await scan(bomb.dataSet, bomb.transferSyntaxUid)
  expect(result).toEqual({ complete: false, reason: 'inflates beyond the limit' })
})

test.each([
  ['a large empty mask', 0, 60, true],
  ['a large image, half of it background', 3, 125, true],
  ['nothing but zeros', 0, 100, false],
])('a deflated data set may be as large as its content explains: %s', async (_, noise, zeros, taken) => {
  const dataSet = Buffer.concat([
    encodeElement(0x0008_0102, 'OB', randomBytes(noise * 1024 * 1024), explicitLittleEndian),
    encodeElement(0x7fe0_0010, 'OB', Buffer.alloc(zeros * 1024 * 1024), explicitLittleEndian),
  ])
  const { complete } = await scan(deflateRawSync(dataSet), transferSyntax.deflatedExplicitLittleEndian)
  expect(complete).toBe(taken)
})

test.each(['a deflate bomb of small elements', 'a deflated sequence of empty items'])(
  'a few hundred kilobytes do not keep the process from its work: %s',
  async (name) => {
    const bomb = hostileDataSets().find((hostile) => hostile.name === name)
    if (bomb === undefined) throw new Error('no such data set')
    let turns = 0
    const counting = setInterval(() => turns++)
    const result = await scan(bomb.dataSet, bomb.transferSyntaxUid)
    clearInterval(counting)
    expect(result).toEqual({ complete: false, reason: 'too many elements' })
    expect(turns).toBeGreaterThan(20)
  },
)

test('a megabyte of empty items is walked in turns', async () => {
  const items = hostileDataSets().find(({ name }) => name === '8 MB of empty items')
  if (items === undefined) throw new Error('no such data set')
  let turns = 0
  const counting = setInterval(() => turns++)
  const result = new DataSetScan(items)
  await result.push(items.dataSet)
  clearInterval(counting)
  expect(await result.end()).toEqual({ complete: true })
  expect(turns).toBeGreaterThan(50)
})

test('no mutation of a data set makes it throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...syntaxes),
      async (changes, syntax) => {
        const mutated = Buffer.from(reencode(explicit, syntax))
        for (const [at, byte] of changes) mutated[at % mutated.length] = byte
        expect(typeof (await scan(mutated, syntax)).complete).toBe('boolean')
      },
    ),
  )
})

const files = pydicomFiles('test_files')
test.skipIf(files.length === 0)(
  'of the pydicom files only the broken are incomplete (needs python3-pydicom)',
  async () => {
    const incomplete: string[] = []
    for (const { name, bytes } of files) {
      try {
        const { transferSyntaxUid, dataSetOffset } = readPart10Meta(bytes)
        const { complete } = await scan(bytes.subarray(dataSetOffset), transferSyntaxUid, 1000)
        if (!complete) incomplete.push(name)
      } catch (error) {
        expect(String(error)).toContain('DICOM_UNREADABLE')
      }
    }
    expect(incomplete).toEqual(['MR_truncated.dcm', 'SC_rgb_jpeg.dcm', 'rtplan_truncated.dcm'])
  },
)
