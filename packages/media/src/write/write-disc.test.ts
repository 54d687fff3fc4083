import { createHash } from 'node:crypto'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { part10Header, readPart10Meta } from '@twiin/dicom'
import { pydicomFiles, sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance, SampleStudyOptions } from '@twiin/dicom/testing'
import { describe, expect, it } from 'vitest'
import { writeDisc } from '../index.ts'
import type { DiscOrder, DiscSource } from '../index.ts'
import { TemporaryFolder, readBytes } from '../testing/disc-folders.ts'

const has = (tool: string) => spawnSync('which', [tool]).status === 0
const order: DiscOrder = {
  ...{ format: 'zip', language: 'nl', from: 'Elders (fictief)', recipient: 'Kliniek <b>Oost</b> (fictief)' },
  ...{ at: new Date('2026-11-26T09:00:00Z'), sopInstanceUid: '1.2.3' },
}
const anna = {
  id: '4711',
  name: 'Janssen^Anna^^van',
  birthDate: '1960-02-03',
  sex: 'F' as const,
  bsn: '999990019',
}
const study = (options: Partial<SampleStudyOptions>) =>
  sampleStudy({
    ...{ kind: 'CT', patient: anna, studyDate: '2026-01-05', description: 'CT thorax', seed: 'written' },
    ...{ institution: 'Elders (fictief)', size: 16, ...options },
  })

/** Two patients, three studies, every kind of object that the samples have. */
const instances: SampleInstance[] = [
  ...study({ instances: 3 }),
  ...study({ kind: 'SR' }),
  ...study({ kind: 'PDF' }),
  ...study({ kind: 'CR', seed: 'second', studyDate: '2026-02-05' }),
  ...study({
    kind: 'MR',
    seed: 'third',
    patient: { ...anna, id: '12', name: 'Ångström^Zoë=山田^太郎' },
    instances: 2,
  }),
]

function sourceOf({ bytes, dataSetOffset, ...meta }: SampleInstance): DiscSource {
  const dataSet = bytes.subarray(dataSetOffset)
  return {
    ...meta,
    size: dataSet.length,
    async *read(length = dataSet.length) {
      yield dataSet.subarray(0, length)
    },
  }
}

async function written(changes: Partial<DiscOrder> = {}, of = instances.map(sourceOf)): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of (await writeDisc({ ...order, ...changes }, of)).read()) pieces.push(piece)
  return Buffer.concat(pieces)
}

function unpacked(folder: TemporaryFolder, zip: Buffer): string {
  execFileSync('unzip', ['-q', folder.write('disc.zip', zip), '-d', join(folder.path, 'disc')])
  return join(folder.path, 'disc')
}

const filesUnder = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1))
    .sort()

describe('a disc that was written', () => {
  it.each(['zip', 'iso'] as const)(
    'as %s is read again: every data set identical, nothing amiss',
    async (format) => {
      const disc = await readBytes(await written({ format }))
      expect(disc.problems).toEqual([])
      expect(disc.counts).toMatchObject({
        dicom: instances.length,
        listed: instances.length,
        ballast: 0,
        other: 2,
      })
      const found = disc.patients.flatMap(({ studies }) => studies.flatMap((one) => one.instances))
      for (const { sopInstanceUid, sha256 } of found) {
        const original = instances.find((one) => one.sopInstanceUid === sopInstanceUid)!
        expect(sha256).toBe(digest(original.bytes.subarray(original.dataSetOffset)))
      }
      expect(disc.patients.map(({ name, studies }) => [name, studies.length])).toEqual([
        ['Janssen^Anna^^van', 2],
        ['Ångström^Zoë=山田^太郎', 1],
      ])
    },
  )

  it('has names of at most eight capitals and digits, and no patient data in them', async () => {
    using folder = new TemporaryFolder()
    const files = filesUnder(unpacked(folder, await written()))
    expect(files.filter((name) => !name.startsWith('DICOM/'))).toEqual([
      'DICOMDIR',
      'INDEX.HTM',
      'README.TXT',
    ])
    for (const name of files.filter((one) => one.startsWith('DICOM/')))
      expect(name).toMatch(/^DICOM\/PA\d{6}\/ST\d{6}\/SE\d{6}\/IM\d{6}$/)
  })

  it('begins every file with an empty preamble, so that none is also a program', async () => {
    using folder = new TemporaryFolder()
    const path = unpacked(folder, await written())
    const objects = filesUnder(path).filter((name) => name.startsWith('DICOM'))
    expect(objects).toHaveLength(instances.length + 1)
    for (const name of objects) {
      const bytes = readFileSync(join(path, name))
      expect(bytes.subarray(0, 128).every((byte) => byte === 0)).toBe(true)
      expect(bytes.toString('latin1', 128, 132)).toBe('DICM')
    }
  })

  it('has pages without script or citizen number, in two languages, whatever its recipient is called', async () => {
    using folder = new TemporaryFolder()
    const path = unpacked(folder, await written())
    const [index, readme] = ['INDEX.HTM', 'README.TXT'].map((name) => readFileSync(join(path, name), 'utf8'))
    expect(index).toContain('van Anna Janssen'.split(' ').at(-1))
    expect(index).toContain('1960-02-03')
    expect(index).not.toMatch(/<script|<b>|999990019|https?:/i)
    expect(index).toContain('<html lang="nl">')
    expect(readme).not.toMatch(/Janssen|1960|999990019/)
    expect((await readBytes(await written({ language: 'en' }))).problems).toEqual([])
  })

  it('is given up when an object cannot be read to its end, rather than written short', async () => {
    const [first, ...others] = instances.map(sourceOf)
    const short = {
      ...first!,
      read: (length?: number) => (length === undefined ? cut(first!) : first!.read(length)),
    }
    for (const format of ['zip', 'iso'] as const)
      await expect(written({ format }, [short, ...others])).rejects.toThrow('BLOB_MISSING')
  })

  it('stops being made when nobody reads on', async () => {
    let read = 0
    const [first] = instances.map(sourceOf)
    const many = Array.from({ length: 200 }, (_, index) => ({
      ...first!,
      sopInstanceUid: `1.2.${index}`,
      size: 1 << 20,
      async *read(length?: number) {
        if (length !== undefined) {
          yield* first!.read(length)
          return
        }
        read++
        yield Buffer.alloc(1 << 20)
      },
    }))
    const disc = await writeDisc(order, many)
    for await (const _ of disc.read()) if (read > 3) break
    await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBeLessThan(20)
  })

  it('shows what a record lacks, and invents no date', async () => {
    const file = withoutDates(instances[0]!)
    const disc = await writeDisc(order, [sourceOf(file)])
    expect(disc.incomplete).toBe(1)
  })
})

describe.skipIf(!has('7z'))('with a password (needs 7z)', () => {
  it('every file but the readme is AES-256, and opens with that password only', async () => {
    using folder = new TemporaryFolder()
    const zip = folder.write('disc.zip', await written({ password: 'lang en geheim' }))
    const listing = execFileSync('7z', ['l', '-slt', zip], { encoding: 'utf8' })
    const methods = [
      ...listing.matchAll(/^Path = (.*)\nFolder = -\n[^]*?^Encrypted = (.)\n[^]*?^Method = (.*)$/gm),
    ]
    const files = methods.map(([, name, encrypted, method]) => ({ name, encrypted, method }))
    expect(files.filter(({ encrypted }) => encrypted === '-').map(({ name }) => name)).toEqual(['README.TXT'])
    for (const { encrypted, method } of files.filter(({ name }) => name !== 'README.TXT'))
      expect([encrypted, method]).toEqual(['+', expect.stringMatching(/AES-256/)])
    expect(spawnSync('7z', ['t', '-pfout', zip]).status).not.toBe(0)
    execFileSync('7z', ['x', '-plang en geheim', `-o${join(folder.path, 'out')}`, zip])
    const reread = await readBytes(await written())
    expect(filesUnder(join(folder.path, 'out'))).toHaveLength(reread.counts.files)
  })
})

describe.skipIf(!has('dcmdump') || !has('dciodvfy'))('judged by others (needs dcmtk, dicom3tools)', () => {
  it('DCMTK reads the DICOMDIR without a word, and finds every file where it says', async () => {
    using folder = new TemporaryFolder()
    const path = unpacked(folder, await written())
    const dump = spawnSync('dcmdump', ['-q', '+L', join(path, 'DICOMDIR')], { encoding: 'utf8' })
    expect(dump.stderr).toBe('')
    const named = [...dump.stdout.matchAll(/\(0004,1500\) CS \[(.*?)\]/g)].map(([, id = '']) => id)
    expect(named).toHaveLength(instances.length)
    for (const id of named) expect(existsSync(join(path, ...id.split('\\')))).toBe(true)
    for (const type of ['PATIENT', 'STUDY', 'SERIES', 'IMAGE', 'SR DOCUMENT', 'ENCAP DOC'])
      expect(dump.stdout).toContain(`"Directory Record" ${type}`)
  })

  it('dciodvfy finds no error in the DICOMDIR', async () => {
    using folder = new TemporaryFolder()
    const path = unpacked(folder, await written())
    const { stderr, stdout } = spawnSync('dciodvfy', [join(path, 'DICOMDIR')], { encoding: 'utf8' })
    expect(`${stderr}${stdout}`).toContain('BasicDirectory')
    expect(`${stderr}${stdout}`.split('\n').filter((line) => line.startsWith('Error'))).toEqual([])
  })

  it('dcmmkdir takes up every file as it is, and appends to nothing of ours', async () => {
    using folder = new TemporaryFolder()
    const path = unpacked(folder, await written())
    const { status, stderr } = spawnSync(
      'dcmmkdir',
      ['-q', '+r', '+id', path, '+D', join(folder.path, 'theirs'), '-Pgp', 'DICOM'],
      { encoding: 'utf8', cwd: path },
    )
    expect([status, stderr]).toEqual([0, ''])
  })
})

const python = '/usr/bin/python3'
describe.skipIf(spawnSync(python, ['-c', 'import pydicom']).status !== 0)(
  'opened by pydicom (needs pydicom)',
  () => {
    it('as a file-set has every instance under its patient, study and series', async () => {
      using folder = new TemporaryFolder()
      const path = unpacked(folder, await written())
      const script = `
import sys, warnings
warnings.simplefilter('error', UserWarning)
from pydicom.fileset import FileSet
fs = FileSet(sys.argv[1])
print(len(fs), len(fs.find_values('PatientID')), len(fs.find_values('StudyInstanceUID')))
for i in fs: i.load()
`
      const run = spawnSync(python, ['-c', script, join(path, 'DICOMDIR')], { encoding: 'utf8' })
      expect(run.stderr).toBe('')
      expect(run.stdout.trim()).toBe(`${instances.length} 2 3`)
    })
  },
)

describe.skipIf(pydicomFiles('test_files').length === 0)('objects of all kinds (needs pydicom)', () => {
  it('come back from a disc as they were put on it', async () => {
    const sources = pydicomFiles('test_files').flatMap(({ bytes }) => partOf(bytes))
    const unique = [...new Map(sources.map((source) => [source.sopInstanceUid, source])).values()]
    const disc = await readBytes(await written({ format: 'iso' }, unique))
    const found = disc.patients.flatMap(({ studies }) => studies.flatMap((one) => one.instances))
    expect(unique.length).toBeGreaterThan(20)
    // Those whose heads name no study are no studies on a disc either.
    const missing = disc.problems
      .filter(({ code }) => /HEAD|FILE|DIFFERS/.test(code))
      .reduce((sum, { count }) => sum + count, 0)
    expect(found.length + missing).toBe(unique.length)
    expect(found.length).toBeGreaterThan(20)
  })
})

function partOf(bytes: Buffer): DiscSource[] {
  try {
    const { dataSetOffset, ...meta } = readPart10Meta(bytes)
    return [sourceOf({ ...meta, bytes, dataSetOffset } as SampleInstance)]
  } catch {
    return []
  }
}

async function* cut(source: DiscSource) {
  for await (const piece of source.read()) yield piece.subarray(0, -10)
}

/** The same image, its study date and time of length zero. */
function withoutDates(instance: SampleInstance): SampleInstance {
  const dataSet = instance.bytes.subarray(instance.dataSetOffset)
  const without = (bytes: Buffer, tag: number[], length: number) => {
    const at = bytes.indexOf(Buffer.from(tag))
    const header = Buffer.from(bytes.subarray(at, at + 8))
    header.writeUInt16LE(0, 6)
    return Buffer.concat([bytes.subarray(0, at), header, bytes.subarray(at + 8 + length)])
  }
  const bytes = without(without(dataSet, [8, 0, 0x20, 0], 8), [8, 0, 0x30, 0], 6)
  const header = part10Header(instance)
  return { ...instance, bytes: Buffer.concat([header, bytes]), dataSetOffset: header.length }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
