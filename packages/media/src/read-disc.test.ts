import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sampleStudy } from '@twiin/dicom/testing'
import { describe, expect, it } from 'vitest'
import {
  TemporaryFolder,
  codesOf,
  countOf,
  hasPydicom,
  pydicomDisc,
  readBytes,
  readPath,
} from './testing/disc-folders.ts'
import { rawZip } from './testing/raw-zip.ts'

const has = (tool: string) => spawnSync('which', [tool]).status === 0
const needsPydicom = it.skipIf(!hasPydicom)
const needsIsoTools = it.skipIf(!hasPydicom || !has('genisoimage') || !has('xorriso'))

/** The disc of pydicom as it should be: one DICOMDIR, and what it lists. */
function pydicomFolder(folder: TemporaryFolder, directory = 'DICOMDIR'): string {
  const path = folder.copy(pydicomDisc, 'disc')
  const bytes = readFileSync(join(path, directory))
  for (const name of ['DICOMDIR', 'DICOMDIR-bigEnd', 'DICOMDIR-empty.dcm', 'DICOMDIR-implicit'])
    rmSync(join(path, name))
  for (const name of ['DICOMDIR-nooffset', 'DICOMDIR-nopatient', 'DICOMDIR-reordered', 'TINY_ALPHA'])
    rmSync(join(path, name), { recursive: true })
  writeFileSync(join(path, 'DICOMDIR'), bytes)
  return path
}

const ct = sampleStudy({
  kind: 'CT',
  patient: { id: '4711', name: 'Jansen^Anna', birthDate: '1960-02-03', sex: 'F', bsn: '999990019' },
  studyDate: '2026-01-05',
  description: 'CT thorax',
  institution: 'Elders (fictief)',
  instances: 3,
  size: 16,
  seed: 'disc',
})
const first = ct[0]!
const dataSet = first.bytes.subarray(first.dataSetOffset)

describe('a disc with several patients', () => {
  needsPydicom('is told patient by patient, study by study (needs pydicom)', async () => {
    using folder = new TemporaryFolder()
    const disc = await readPath(pydicomFolder(folder))
    expect(disc.problems).toEqual([])
    expect(disc.counts).toMatchObject({ dicom: 31, listed: 31 })
    expect(disc.patients.map(({ name, studies }) => [name, studies.length])).toEqual([
      ['Doe^Archibald', 2],
      ['Doe^Peter', 4],
    ])
  })

  needsIsoTools.each([
    ['ISO 9660 level 1', ['genisoimage', '-quiet', '-iso-level', '1']],
    ['Rock Ridge', ['genisoimage', '-quiet', '-R']],
    ['Joliet', ['xorriso', '-as', 'mkisofs', '-quiet', '-J', '-R']],
    ['Joliet without Rock Ridge', ['genisoimage', '-quiet', '-J']],
  ])(
    'reads the same from an image with names of %s (needs pydicom, genisoimage, xorriso)',
    async (_, tool) => {
      using folder = new TemporaryFolder()
      const path = pydicomFolder(folder)
      const image = join(folder.path, 'disc.iso')
      const [program = '', ...args] = tool
      execFileSync(program, [...args, '-o', image, path], { stdio: 'ignore' })
      const [fromFolder, fromImage] = [await readPath(path), await readPath(image)]
      expect(fromImage.format).toBe('iso9660')
      expect(instancesOf(fromImage)).toEqual(instancesOf(fromFolder))
      expect(fromImage.problems).toEqual([])
    },
  )

  needsPydicom('reads the same from a zip, stored or deflated (needs pydicom)', async () => {
    using folder = new TemporaryFolder()
    const path = pydicomFolder(folder)
    for (const level of ['-0', '-6']) {
      const zip = join(folder.path, `disc${level}.zip`)
      execFileSync('zip', ['-qr', level, zip, '.'], { cwd: path })
      expect(instancesOf(await readPath(zip))).toEqual(instancesOf(await readPath(path)))
    }
  })
})

describe('a DICOMDIR that is broken', () => {
  needsPydicom.each([
    ['DICOMDIR-bigEnd', []],
    ['DICOMDIR-implicit', []],
    ['DICOMDIR-reordered', []],
    ['DICOMDIR-nopatient', ['DICOMDIR_OFFSETS']],
    ['DICOMDIR-nooffset', ['DICOMDIR_UNREADABLE']],
    ['DICOMDIR-empty.dcm', ['NOT_LISTED']],
  ])('%s keeps nothing back, and is told (needs pydicom)', async (directory, codes) => {
    using folder = new TemporaryFolder()
    const disc = await readPath(pydicomFolder(folder, directory))
    expect(disc.counts.dicom).toBe(31)
    expect(codesOf(disc)).toEqual(codes)
  })

  needsPydicom(
    'or absent, or rubbish, or longer than it may be: every file is found by content',
    async () => {
      using folder = new TemporaryFolder()
      const path = pydicomFolder(folder)
      const directory = join(path, 'DICOMDIR')
      expect(codesOf(await readPath(path, { dicomdirBytes: 100 }))).toEqual(['DICOMDIR_UNREADABLE'])
      writeFileSync(directory, 'no DICOM at all')
      expect(codesOf(await readPath(path))).toEqual(['DICOMDIR_UNREADABLE'])
      rmSync(directory)
      const bare = await readPath(path)
      expect(codesOf(bare)).toEqual(['DICOMDIR_MISSING'])
      expect(bare.counts.dicom).toBe(31)
    },
  )

  needsPydicom(
    'names of files in other letters, with versions, or cut short, are still its files',
    async () => {
      using folder = new TemporaryFolder()
      const path = pydicomFolder(folder)
      renameSync(join(path, '77654033/CR1'), join(path, '77654033/cr1;1'))
      renameSync(join(path, '77654033/CR2/6247'), join(path, '77654033/CR2/LONGNAME.DCM'))
      expect(codesOf(await readPath(path))).toEqual(['NOT_LISTED'])
      renameSync(join(path, '77654033/CR2/LONGNAME.DCM'), join(path, '77654033/CR2/6247.'))
      expect(codesOf(await readPath(path))).toEqual([])
    },
  )

  needsPydicom('tells which files are missing, and which are none', async () => {
    using folder = new TemporaryFolder()
    const path = pydicomFolder(folder)
    rmSync(join(path, '77654033/CR2/6247'))
    writeFileSync(join(path, '77654033/CR1/6154'), 'scratched')
    const disc = await readPath(path)
    expect(countOf(disc, 'LISTED_MISSING')).toBe(1)
    expect(countOf(disc, 'LISTED_NOT_DICOM')).toBe(1)
    expect(disc.counts.dicom).toBe(29)
  })

  needsPydicom('with a way out of the disc in it is not followed', async () => {
    using folder = new TemporaryFolder()
    const path = pydicomFolder(folder)
    const directory = readFileSync(join(path, 'DICOMDIR'))
    const at = directory.indexOf('77654033\\CR1\\6154')
    directory.write('..\\..\\..\\etc\\pass', at, 'latin1')
    writeFileSync(join(path, 'DICOMDIR'), directory)
    const disc = await readPath(path)
    expect(countOf(disc, 'NAME_REFUSED')).toBe(1)
    expect(disc.counts.dicom).toBe(31)
  })
})

describe('what lies on a disc beside the images', () => {
  it('viewers, autorun and archives are counted, not opened; what is not DICOM is left', async () => {
    using folder = new TemporaryFolder()
    folder.write('IMAGES/A', first.bytes)
    folder.write('AUTORUN.INF', '[autorun]\nopen=VIEWER.EXE')
    folder.write('VIEWER.EXE', Buffer.from('MZ\x90\0'))
    folder.write('viewer/run', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(300)]))
    folder.write('viewer/lib.dll', first.bytes)
    folder.write('more.zip', rawZip([{ name: 'B', data: ct[1]!.bytes }]))
    folder.write('INDEX.HTM', '<script>alert(1)</script>')
    const disc = await readPath(folder.path)
    expect(disc.counts).toEqual({ files: 7, dicom: 1, ballast: 4, other: 2, listed: 0 })
  })

  it('links are not followed, and named', async () => {
    using folder = new TemporaryFolder()
    const outside = folder.write('outside/A', first.bytes)
    mkdirSync(join(folder.path, 'disc'))
    symlinkSync(outside, join(folder.path, 'disc/A'))
    symlinkSync('..', join(folder.path, 'disc/loop'))
    const disc = await readPath(join(folder.path, 'disc'))
    expect(disc.counts.dicom).toBe(0)
    expect(countOf(disc, 'LINK_NOT_FOLLOWED')).toBe(2)
  })
})

describe('a file', () => {
  it('is taken with any preamble, without one, and as a bare data set in three encodings', async () => {
    const other = (index: number) => ct[index]!
    const program = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(126, 0x41), first.bytes.subarray(128)])
    const without = other(1).bytes.subarray(128)
    const bare = other(2).bytes.subarray(other(2).dataSetOffset)
    const zip = rawZip([
      { name: 'A', data: program },
      { name: 'B', data: without },
      { name: 'C', data: bare },
    ])
    const disc = await readBytes(zip)
    expect(disc.counts).toMatchObject({ dicom: 3, ballast: 0 })
    expect(disc.patients).toMatchObject([
      { name: 'Jansen^Anna', localId: '4711', citizenNumbers: ['999990019'], studies: [{ series: 1 }] },
    ])
    expect(disc.patients[0]?.studies[0]?.instances.map(({ size }) => size)).toContain(dataSet.length)
  })

  it('that is cut off, damaged or encrypted is named, and the others stay', async () => {
    const zip = rawZip([
      { name: 'A', data: first.bytes.subarray(0, -100) },
      { name: 'B', data: ct[1]!.bytes, claims: { crc: 1 } },
      { name: 'C', data: ct[1]!.bytes, claims: { flags: 1 } },
      { name: 'D', data: ct[2]!.bytes, deflate: true },
    ])
    const disc = await readBytes(zip)
    expect(disc.counts.dicom).toBe(1)
    expect(countOf(disc, 'FILE_UNREADABLE')).toBe(3)
  })

  it('twice on a disc counts once; another under the same identifier is told', async () => {
    const changed = Buffer.from(first.bytes)
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1)
    const disc = await readBytes(
      rawZip([
        { name: 'A', data: first.bytes },
        { name: 'B', data: first.bytes },
        { name: 'C', data: changed },
      ]),
    )
    expect(disc.counts.dicom).toBe(1)
    expect(codesOf(disc)).toEqual(['DICOMDIR_MISSING', 'SAME_INSTANCE_DIFFERS', 'SAME_INSTANCE_TWICE'])
  })

  it('of one study under two patients is never joined: both are shown, and that it is unclear', async () => {
    const [a, b] = ['Jansen^Anna', 'Pietersen^Bea'].map(
      (name, index) =>
        sampleStudy({
          kind: 'CT',
          patient: { id: '4711', name, birthDate: '1960-02-03', sex: 'F' },
          ...{ studyDate: '2026-01-05', description: '', institution: '', size: 16 },
          ...{ instances: 2, seed: 'one', studyInstanceUid: '1.2.3' },
        })[index]!,
    )
    const disc = await readBytes(
      rawZip([
        { name: 'A', data: a!.bytes },
        { name: 'B', data: b!.bytes },
      ]),
    )
    expect(disc.patients.map(({ name }) => name)).toEqual(['Jansen^Anna', 'Pietersen^Bea'])
    expect(countOf(disc, 'PATIENT_UNCLEAR')).toBe(1)
  })
})

function instancesOf(disc: Awaited<ReturnType<typeof readPath>>) {
  return disc.patients
    .flatMap(({ name, studies }) =>
      studies.flatMap(({ instances }) =>
        instances.map(({ sopInstanceUid, sha256, size }) => ({ name, sopInstanceUid, sha256, size })),
      ),
    )
    .sort((a, b) => (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1))
}
