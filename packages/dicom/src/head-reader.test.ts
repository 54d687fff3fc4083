import { afterAll, describe, expect, test } from 'vitest'
import { silentLogger } from '@twiin/runtime'
import { encodeElement, encodeItem, encodeSequence } from './element-encoding.ts'
import { explicitLittleEndian } from './element-header.ts'
import { HeadReader, headBytesLimit, headSizes, readPart10Meta, transferSyntax } from './index.ts'
import type { InstanceHead } from './index.ts'
import { tags } from './tags.ts'
import { hostileDataSets, pydicomFiles, reencode, sampleStudy } from './testing.ts'

const reader = new HeadReader({ timeoutMs: 2000 }, { log: silentLogger })
afterAll(() => reader.stop())

const element = (tag: number, vr: string, value: string | Uint8Array) =>
  encodeElement(tag, vr, value, explicitLittleEndian)
const uids = [
  element(tags.sopClassUid, 'UI', '1.2.840.10008.5.1.4.1.1.7'),
  element(tags.sopInstanceUid, 'UI', '1.2.3.4'),
]
const seriesUids = [
  element(tags.studyInstanceUid, 'UI', '1.2.3'),
  element(tags.seriesInstanceUid, 'UI', '1.2.3.1'),
]

function read(dataSet: Uint8Array, transferSyntaxUid: string = transferSyntax.explicitLittleEndian) {
  return reader.read({
    transferSyntaxUid,
    head: dataSet.subarray(0, headSizes[0]),
    complete: dataSet.length <= headSizes[0],
  })
}

/** As a caller does: more of the head for as long as it is asked for. */
async function readGrowing(dataSet: Uint8Array, transferSyntaxUid: string): Promise<InstanceHead> {
  for (const size of headSizes) {
    const input = { transferSyntaxUid, head: dataSet.subarray(0, size), complete: dataSet.length <= size }
    try {
      return await reader.read(input)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('DICOM_HEAD_TOO_SHORT')) throw error
    }
  }
  throw new Error('asked for more than the limit')
}

const patient = {
  id: '123456',
  issuer: 'ZIEKENHUIS OOST',
  bsn: '999990019',
  name: 'Boër-Ñandú^Eléonore',
  birthDate: '1961-02-03',
  sex: 'F',
} as const
const [sample] = sampleStudy({
  ...{ kind: 'MR', patient, studyDate: '2024-05-06', description: 'Hoofd', institution: 'Ziekenhuis Oost' },
  ...{ seed: 'head', instances: 1, size: 32, accessionNumber: 'A1' },
})
if (sample === undefined) throw new Error('no sample')
const sampleDataSet = sample.bytes.subarray(sample.dataSetOffset)

describe('what is known of the request', () => {
  const sequence = (tag: number, ...inside: Uint8Array[]) =>
    encodeSequence(tag, [encodeItem(inside, explicitLittleEndian)], explicitLittleEndian)
  const service = element(tags.requestingService, 'LO', 'Longziekten')
  const department = element(tags.institutionalDepartmentName, 'LO', 'Longziekten')
  const priority = element(tags.requestedProcedurePriority, 'SH', 'STAT')
  const of = (parts: { early?: Uint8Array[]; late?: Uint8Array[] }, request: boolean) => {
    const head = Buffer.concat([...uids, ...(parts.early ?? []), ...seriesUids, ...(parts.late ?? [])])
    return reader.read({
      transferSyntaxUid: transferSyntax.explicitLittleEndian,
      head,
      complete: true,
      request,
    })
  }

  test.each([
    ['of the study itself', { late: [service, priority] }],
    ['in its request', { late: [sequence(tags.requestAttributesSequence, service), priority] }],
    [
      'of its physician, and the priority of old',
      {
        early: [sequence(tags.referringPhysicianIdentificationSequence, department)],
        late: [element(tags.studyPriorityId, 'CS', 'STAT')],
      },
    ],
  ])('is the department and the priority, %s', async (_where, parts) => {
    expect(await of(parts, true)).toMatchObject({ referringDepartment: 'Longziekten', priority: 'STAT' })
  })

  test('is not looked for unless it is asked for', async () => {
    expect(await of({ late: [service, priority] }, false)).not.toHaveProperty('priority')
  })
})

describe('the head of an instance', () => {
  test.each([
    transferSyntax.explicitLittleEndian,
    transferSyntax.implicitLittleEndian,
    transferSyntax.explicitBigEndian,
    transferSyntax.deflatedExplicitLittleEndian,
  ])('is complete in %s', async (syntax) => {
    expect(await read(reencode(sampleDataSet, syntax), syntax)).toMatchObject({
      sopClassUid: sample.sopClassUid,
      sopInstanceUid: sample.sopInstanceUid,
      studyInstanceUid: sample.studyInstanceUid,
      seriesInstanceUid: sample.seriesInstanceUid,
      patientId: { id: '123456', issuer: 'ZIEKENHUIS OOST' },
      otherPatientIds: [{ id: '999990019', issuer: 'NLMINBIZA' }],
      legacyOtherPatientIds: [],
      patientName: 'Boër-Ñandú^Eléonore',
      birthDate: '1961-02-03',
      sex: 'F',
      accessionNumber: 'A1',
      studyDate: '2024-05-06',
      studyTime: expect.stringMatching(/^10:\d\d:00$/) as string,
      modality: 'MR',
      studyDescription: 'Hoofd',
      seriesDescription: 'T1 SE transversaal',
      bodyPart: 'BRAIN',
      seriesNumber: 3,
      instanceNumber: 1,
      institution: 'Ziekenhuis Oost',
    })
  })

  test('knows an issuer by its OID, also in the items of other patient IDs', async () => {
    const qualifiers = encodeSequence(
      tags.issuerOfPatientIdQualifiersSequence,
      [
        encodeItem(
          [element(tags.universalEntityId, 'UT', '2.16.840.1.113883.2.4.6.3')],
          explicitLittleEndian,
        ),
      ],
      explicitLittleEndian,
    )
    const identified = [element(tags.patientId, 'LO', '999990019'), qualifiers]
    const other = encodeSequence(
      tags.otherPatientIdsSequence,
      [encodeItem(identified, explicitLittleEndian)],
      explicitLittleEndian,
    )
    const legacy = element(tags.otherPatientIds, 'LO', '12\\34')
    const head = await read(Buffer.concat([...uids, ...identified, legacy, other, ...seriesUids]))
    const expected = { id: '999990019', issuerOid: '2.16.840.1.113883.2.4.6.3' }
    expect(head.patientId).toEqual(expected)
    expect(head.otherPatientIds).toEqual([expected])
    expect(head.legacyOtherPatientIds).toEqual(['12', '34'])
  })

  test('holds no date that is not in the calendar', async () => {
    const withBirthDate = (text: string) =>
      read(Buffer.concat([...uids, element(tags.patientBirthDate, 'DA', text), ...seriesUids]))
    expect((await withBirthDate('19610203')).birthDate).toBe('1961-02-03')
    expect((await withBirthDate('1961.02.03')).birthDate).toBe('1961-02-03')
    expect(await withBirthDate('19610230')).not.toHaveProperty('birthDate')
    expect(await withBirthDate('00000000')).not.toHaveProperty('birthDate')
  })

  test('is asked for in larger pieces as long as that may help', async () => {
    const large = element(0x0008_0102, 'OB', Buffer.alloc(300_000))
    const dataSet = Buffer.concat([
      ...uids,
      large,
      ...seriesUids,
      element(0x7fe0_0010, 'OB', Buffer.alloc(5_000_000)),
    ])
    await expect(read(dataSet)).rejects.toThrow('DICOM_HEAD_TOO_SHORT')
    expect((await readGrowing(dataSet, transferSyntax.explicitLittleEndian)).studyInstanceUid).toBe('1.2.3')
    const endless = element(0x0008_0102, 'OB', Buffer.alloc(headBytesLimit + 10))
    await expect(readGrowing(endless, transferSyntax.explicitLittleEndian)).rejects.toThrow(
      'the head is too long',
    )
  })

  test('is refused when it names two patients, or no study', async () => {
    const ids = ['1', '2'].map((id) => element(tags.patientId, 'LO', id))
    await expect(read(Buffer.concat([...uids, ...ids, ...seriesUids]))).rejects.toThrow(
      '(0010,0020) is repeated',
    )
    await expect(read(Buffer.concat(uids))).rejects.toThrow('no valid UID in (0020,000d)')
  })

  test('never puts a value into the error', async () => {
    const secret = element(tags.studyInstanceUid, 'UI', 'Jansen^Jan')
    await expect(read(Buffer.concat([...uids, secret]))).rejects.not.toThrow('Jansen')
  })
})

const files = [...pydicomFiles('test_files'), ...pydicomFiles('charset_files')]
test.skipIf(files.length === 0)(
  'every pydicom file gives a head or a reason, within two seconds (needs python3-pydicom)',
  async () => {
    let heads = 0
    for (const { name, bytes } of files) {
      const start = performance.now()
      try {
        const { transferSyntaxUid, dataSetOffset } = readPart10Meta(bytes)
        expect(
          (await readGrowing(bytes.subarray(dataSetOffset), transferSyntaxUid)).studyInstanceUid,
        ).not.toBe('')
        heads += 1
      } catch (error) {
        expect(String(error), name).toMatch(/^TwiinError: DICOM_UNREADABLE \(reason=/)
      }
      expect(performance.now() - start, name).toBeLessThan(2000)
    }
    expect(heads).toBeGreaterThan(70)
  },
)

describe('hostile data sets', () => {
  test.each(hostileDataSets().map((hostile) => [hostile.name, hostile] as const))(
    'are refused in time, in little memory: %s',
    async (_, { dataSet, transferSyntaxUid }) => {
      const memory = process.memoryUsage.rss()
      const start = performance.now()
      await expect(readGrowing(dataSet, transferSyntaxUid)).rejects.toThrow('DICOM_UNREADABLE')
      expect(performance.now() - start).toBeLessThan(2000)
      expect(process.memoryUsage.rss() - memory).toBeLessThan(150e6)
      expect((await read(sampleDataSet)).modality).toBe('MR')
    },
  )

  test('more identifiers than anyone has are refused', async () => {
    const items = Array.from({ length: 1001 }, () => encodeItem([], explicitLittleEndian))
    const sequence = encodeSequence(tags.otherPatientIdsSequence, items, explicitLittleEndian)
    await expect(read(Buffer.concat([...uids, sequence, ...seriesUids]))).rejects.toThrow('too many items')
  })

  test('identifiers made of half a million elements are read in bounded memory', async () => {
    const crowded = encodeItem(
      [Buffer.alloc(3_900_000, element(0x0008_0102, 'OB', ''))],
      explicitLittleEndian,
    )
    const sequence = encodeSequence(tags.otherPatientIdsSequence, [crowded], explicitLittleEndian)
    const memory = process.memoryUsage.rss()
    const dataSet = Buffer.concat([...uids, sequence, ...seriesUids])
    const head = await readGrowing(dataSet, transferSyntax.explicitLittleEndian)
    expect(head.otherPatientIds).toEqual([])
    expect(process.memoryUsage.rss() - memory).toBeLessThan(100e6)
  })

  test('a thread that hangs or dies is replaced, and the reads after it succeed', async () => {
    // A reader that spins on "hang", throws on "die" and answers anything else with what it got.
    const program = `
      import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ head }) => {
        const text = Buffer.from(head).toString()
        for (;;) if (text !== 'hang') break
        if (text === 'die') throw new Error('die')
        parentPort.postMessage({ head: text })
      })
      parentPort.postMessage({ ready: true })`
    const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`)
    const fragile = new HeadReader({ workers: 1, timeoutMs: 1000 }, { log: silentLogger, program: url })
    const ask = (text: string) =>
      fragile.read({ transferSyntaxUid: '1.2.840.10008.1.2.1', head: Buffer.from(text), complete: true })
    const answers = await Promise.allSettled(['hang', 'fine', 'die', 'fine'].map(ask))
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(String((answers[0] as PromiseRejectedResult).reason)).toContain('time limit')
    await fragile.stop()
    await expect(ask('fine')).rejects.toThrow('STOPPED')
  })

  test('a thread that is slow to start, or does not start, is not held against the file', async () => {
    const readerOf = (program: string) =>
      new HeadReader(
        { workers: 1, timeoutMs: 200 },
        { log: silentLogger, program: new URL(`data:text/javascript,${encodeURIComponent(program)}`) },
      )
    const ask = (slow: HeadReader) =>
      slow.read({ transferSyntaxUid: '1.2.840.10008.1.2.1', head: Buffer.alloc(1), complete: true })
    const late = readerOf(`
      import { parentPort } from 'node:worker_threads'
      await new Promise((resolve) => setTimeout(resolve, 600))
      parentPort.on('message', () => parentPort.postMessage({ head: 'read' }))
      parentPort.postMessage({ ready: true })`)
    expect(await ask(late)).toBe('read')
    await late.stop()
    await expect(ask(readerOf('throw new Error()'))).rejects.toMatchObject({ code: 'HEAD_READER_FAILED' })
  })
})
