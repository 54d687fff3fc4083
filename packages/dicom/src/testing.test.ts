import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readPart10Meta } from './part10.ts'
import { sampleStudy } from './testing.ts'
import type { SampleKind, SampleStudyOptions } from './testing.ts'

const kinds: SampleKind[] = ['CT', 'MR', 'CR', 'US', 'SR', 'PDF']
const options = (kind: SampleKind): SampleStudyOptions => ({
  kind,
  patient: {
    ...{ id: '123456', issuer: 'ZIEKENHUIS OOST', bsn: '999990019' },
    ...{ name: 'Boër^Eléonore', birthDate: '1961-02-03', sex: 'F' },
  },
  ...{
    studyDate: '2024-05-06',
    description: `Onderzoek ${kind}`,
    institution: 'Ziekenhuis Oost',
    seed: 'valid',
  },
})

const directory = mkdtempSync(join(tmpdir(), 'twiin-samples-'))
afterAll(() => rmSync(directory, { recursive: true }))
const verifier = '/usr/bin/dciodvfy'

describe.skipIf(!existsSync(verifier))('samples are valid DICOM by dicom3tools (needs dciodvfy)', () => {
  test.each(kinds)('%s', (kind) => {
    const images = sampleStudy({ ...options('CT'), instances: 2 })
    for (const { fileName, bytes } of sampleStudy({ ...options(kind), instances: 2, evidence: images })) {
      const path = join(directory, fileName)
      writeFileSync(path, bytes)
      const { stderr, status } = spawnSync(verifier, [path], { encoding: 'utf8' })
      expect(stderr).not.toMatch(/^Error/m)
      expect(status).toBe(0)
    }
  })
})

test('equal options give equal bytes; another seed another study', () => {
  const [one, same, other] = ['a', 'a', 'b'].map((seed) =>
    sampleStudy({ ...options('CT'), seed, instances: 2 }),
  )
  expect(same).toEqual(one)
  expect(other?.[0]?.studyInstanceUid).not.toBe(one?.[0]?.studyInstanceUid)
})

test('a report joins the study it is given', () => {
  const [image] = sampleStudy(options('CR'))
  const [report] = sampleStudy({ ...options('PDF'), studyInstanceUid: image?.studyInstanceUid ?? '' })
  expect(report?.studyInstanceUid).toBe(image?.studyInstanceUid)
  expect(report?.seriesInstanceUid).not.toBe(image?.seriesInstanceUid)
})

test('what an instance says about itself is what stands in its file', () => {
  for (const sample of kinds.flatMap((kind) => sampleStudy(options(kind)))) {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSetOffset } = sample
    expect(readPart10Meta(sample.bytes)).toEqual({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      dataSetOffset,
    })
  }
})

test('a demo set of 120 instances takes seconds, not minutes', () => {
  const start = performance.now()
  const set = ['x', 'y', 'z'].flatMap((seed) =>
    kinds.flatMap((kind) =>
      sampleStudy({ ...options(kind), seed, instances: kind === 'CT' || kind === 'MR' ? 18 : 1 }),
    ),
  )
  expect(set.length).toBe(120)
  expect(performance.now() - start).toBeLessThan(5000)
})
