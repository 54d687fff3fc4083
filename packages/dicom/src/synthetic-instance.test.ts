import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { citizenNumberCandidates } from './citizen-number.ts'
import { readPart10Meta } from './part10.ts'
import { readInstanceHead } from './read-instance-head.ts'
import { syntheticInstance } from './synthetic-instance.ts'

const options = {
  citizenNumber: '999912342',
  studyInstanceUid: '2.25.1',
  seriesInstanceUid: '2.25.2',
  sopInstanceUid: '2.25.3',
}

it('is a secondary capture that says whose number it has, and the same bytes every time', async () => {
  const { file, dataSetOffset, ...meta } = syntheticInstance(options)
  expect(readPart10Meta(file)).toEqual({ ...meta, dataSetOffset })
  const head = await readInstanceHead({
    transferSyntaxUid: meta.transferSyntaxUid,
    head: file.subarray(dataSetOffset),
    complete: true,
  })
  expect(head).toMatchObject({ studyInstanceUid: '2.25.1', seriesInstanceUid: '2.25.2', modality: 'OT' })
  expect(citizenNumberCandidates(head, { acceptLegacyOtherPatientIds: false })).toEqual(['999912342'])
  expect(syntheticInstance(options).file.equals(file)).toBe(true)
  expect(file.length).toBeLessThan(2048)
})

const verifier = '/usr/bin/dciodvfy'
it.skipIf(!existsSync(verifier))('is valid by dicom3tools (needs dciodvfy)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'twiin-synthetic-'))
  try {
    const path = join(dir, 'image.dcm')
    writeFileSync(path, syntheticInstance(options).file)
    const { stderr, status } = spawnSync(verifier, [path], { encoding: 'utf8' })
    expect(stderr).not.toMatch(/^Error/m)
    expect(status).toBe(0)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
