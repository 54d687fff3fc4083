/** What is small on the line and large when it is opened, sent to one real node: it says no, stalls nobody, and stays small. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { json } from 'node:stream/consumers'
import { hostileDataSets } from '@twiin/dicom/testing'
import { openAssociation, storageCommitmentPush, transferSyntax } from '@twiin/dimse'
import { MllpClient } from '@twiin/hl7'
import { rawZip } from '@twiin/media/testing'
import { silentLogger, systemClock } from '@twiin/runtime'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { isAlive, startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { Watch } from '../support/watch.ts'

let demo: Demo
let api: NodeApi
let watch: Watch
beforeAll(async () => {
  demo = await startDemo({ hospitals: 1, empty: true })
  api = new NodeApi(demo.hospital(0))
})
afterAll(() => demo[Symbol.asyncDispose]())
beforeEach(async () => {
  watch = new Watch(demo.hospital(0))
  await watch.look()
  watch.reset()
})
afterEach(async ({ task }) => {
  await watch.look()
  const { stallMs, ownStallMs, rssMiB } = watch
  const stalls = `${stallMs.toFixed(0)} ms (alone ${ownStallMs.toFixed(0)})`
  console.log(`${task.name}: longest stall ${stalls}, memory ${rssMiB.toFixed(0)} MiB`)
  expect(isAlive(demo.hospital(0).pid)).toBe(true)
  // A message of 15 MiB takes about 200 ms on a quiet machine, garbage collection included, and up to 290 on a busy one.
  expect(ownStallMs).toBeLessThanOrEqual(400)
  expect(rssMiB).toBeLessThan(900)
})

const ctImage = '1.2.840.10008.5.1.4.1.1.2'
const asModality = () => {
  const { host, port, aeTitle } = demo.hospital(0).dicom
  return { host, port, calledAe: aeTitle, callingAe: 'STORESCU' }
}

test('data sets that inflate, nest and repeat without end', async () => {
  for (const { dataSet, transferSyntaxUid } of hostileDataSets()) {
    const bytes = dataSet.length % 2 === 0 ? dataSet : Buffer.concat([dataSet, Buffer.of(0)])
    const instance = { sopClassUid: ctImage, sopInstanceUid: '1.2.3.4', transferSyntaxUid, bytes }
    await storeInstances(asModality(), [{ ...instance, dataSetOffset: 0 }])
    await watch.look()
  }
})

/** Explicit VR Little Endian, of short values. */
function element(tag: number, vr: string, value: string | number): Buffer {
  const bytes = typeof value === 'number' ? Buffer.of(value & 0xff, value >> 8) : Buffer.from(value)
  const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.of(vr === 'UI' ? 0 : 32)])
  const header = Buffer.alloc(8)
  header.writeUInt16LE(tag >>> 16, 0)
  header.writeUInt16LE(tag & 0xffff, 2)
  header.write(vr, 4)
  header.writeUInt16LE(padded.length, 6)
  return Buffer.concat([header, padded])
}

/** An image of one compressed frame that is said to be this large. */
function image(uid: string, side: number, samples: number, bits: number, frame: Buffer): Buffer {
  const item = (bytes: Buffer) => {
    const header = Buffer.from('feff00e000000000', 'hex')
    header.writeUInt32LE(bytes.length, 4)
    return Buffer.concat([header, bytes])
  }
  return Buffer.concat([
    element(0x00080016, 'UI', ctImage),
    element(0x00080018, 'UI', uid),
    element(0x00080060, 'CS', 'CT'),
    element(0x00100010, 'PN', 'Proef^Petra'),
    element(0x00100020, 'LO', 'P-bomb'),
    element(0x0020000d, 'UI', `${uid}.1`),
    element(0x0020000e, 'UI', `${uid}.2`),
    element(0x00280002, 'US', samples),
    element(0x00280004, 'CS', samples === 1 ? 'MONOCHROME2' : 'RGB'),
    element(0x00280010, 'US', side),
    element(0x00280011, 'US', side),
    element(0x00280100, 'US', bits),
    Buffer.from('e07f10004f420000ffffffff', 'hex'),
    item(Buffer.alloc(0)),
    item(frame),
    Buffer.from('feffdde000000000', 'hex'),
  ])
}

const rle = (segments: number) => {
  const header = Buffer.alloc(64)
  header.writeUInt32LE(segments, 0)
  for (let at = 1; at <= Math.min(segments, 15); at++) header.writeUInt32LE(64, 4 * at)
  // 128 times the same byte, over and over.
  return Buffer.concat([header, Buffer.alloc(64_000, Buffer.of(129, 7))])
}
const jpeg = (side: number) => {
  const bytes = Buffer.from(`ffd8ffc0000b08000000000101${'00'.repeat(65)}`, 'hex')
  bytes.writeUInt16BE(side, 7)
  bytes.writeUInt16BE(side, 9)
  return bytes
}
const jpeg2000 = (side: number, components: number) => {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32BE(0xff4fff51, 0)
  for (const at of [8, 12]) bytes.writeUInt32BE(side, at)
  bytes.writeUInt16BE(components, 40)
  return bytes
}
const syntax = (last: string) => `1.2.840.10008.1.2.${last}`

test.each([
  ['RLE of four billion pixels', syntax('5'), 65_535, 1, 8, rle(1), 'PICTURE_TOO_LARGE'],
  ['RLE of four samples of eight bytes', syntax('5'), 8192, 4, 64, rle(32), 'PICTURE_TOO_LARGE'],
  ['JPEG that is larger than it is said to be', syntax('4.50'), 16, 1, 8, jpeg(65_500), 'PICTURE_UNREADABLE'],
  ['JPEG of 64 million pixels and no data', syntax('4.50'), 8192, 1, 8, jpeg(8192), 'PICTURE_UNREADABLE'],
  ['lossless JPEG of as many', syntax('4.70'), 8192, 1, 8, jpeg(8192), 'PICTURE_UNREADABLE'],
  ['JPEG 2000', syntax('4.90'), 8192, 1, 8, jpeg2000(8192, 16_384), 'PICTURE_UNREADABLE'],
] as const)('a picture: %s', async (_, transferSyntaxUid, side, samples, bits, frame, code) => {
  const sopInstanceUid = `2.25.${BigInt(`0x${randomBytes(12).toString('hex')}`)}`
  const bytes = image(sopInstanceUid, side, samples, bits, frame)
  const instance = { sopClassUid: ctImage, sopInstanceUid, transferSyntaxUid, bytes, dataSetOffset: 0 }
  expect(await storeInstances(asModality(), [instance])).toEqual([{ status: 0 }])
  const path = `/dicom-web/studies/${sopInstanceUid}.1/series/${sopInstanceUid}.2/instances/${sopInstanceUid}`
  const picture = await api.as('radiologist').ask('GET', `${path}/rendered`)
  expect(picture).toMatchObject({ status: 422, body: { code } })
})

/** Sends a disc and waits until it was read. */
async function readDisc(disc: Buffer) {
  const { url, caFile, tokens } = demo.hospital(0).web
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const headers = { authorization: `Bearer ${tokens.operator}`, 'content-type': 'application/octet-stream' }
  const call = request(new URL('/api/v1/discs', url), {
    ...{ method: 'POST', headers, ca: await readFile(caFile, 'utf8') },
  })
  call.on('response', (answer) => void json(answer).then(resolve, reject)).on('error', reject)
  call.end(disc)
  const { id } = (await promise) as { id: string }
  const read = async () => {
    const record = await api.as('operator').call<{ state: string }>('GET', `/api/v1/discs/${id}`)
    return record.state !== 'reading' && record
  }
  return until(read, { timeoutMs: 60_000, what: 'the disc is read' })
}

/** An ISO 9660 image whose root is a folder of so many bytes, all of them the record of a folder that is the root. */
function loopingImage(sectors: number): Buffer {
  const iso = Buffer.alloc((20 + sectors) * 2048)
  const root = (name: string) => {
    const record = Buffer.alloc(34)
    record[0] = 34
    record.writeUInt32LE(20, 2)
    record.writeUInt32LE(sectors * 2048, 10)
    record[25] = 2
    record[32] = 1
    record.write(name, 33)
    return record
  }
  iso.write('\x01CD001\x01', 16 * 2048, 'latin1')
  iso.writeUInt16LE(2048, 16 * 2048 + 128)
  root('\0').copy(iso, 16 * 2048 + 156)
  iso.write('\xffCD001\x01', 17 * 2048, 'latin1')
  for (let sector = 20; sector < 20 + sectors; sector++)
    for (let at = 0; at + 34 <= 2048; at += 34) root('A').copy(iso, sector * 2048 + at)
  return iso
}

test('discs that inflate, list and contain themselves without end', async () => {
  const large = { name: 'A', data: Buffer.alloc(8 << 20), deflate: true, claims: { size: 0xc000_0000 } }
  expect(await readDisc(rawZip([large]))).toMatchObject({ state: 'refused', reason: 'DISC_TOO_LARGE' })
  await watch.look()
  expect(await readDisc(loopingImage(4000))).toMatchObject({ state: 'refused', reason: 'DISC_TOO_LARGE' })
})

const message = (rest: string) => {
  const { application } = demo.hospital(0).hl7
  return Buffer.from(
    `MSH|^~\\&|${application}|A|TWIIN|A|20260105||ADT^A08|bomb|P|2.5||||||UNICODE UTF-8\r${rest}\r`,
  )
}

test('HL7 messages of one giant field, of separators alone, and without end', async () => {
  const { host, port } = demo.hospital(0).hl7
  const client = new MllpClient({ host, port }, { clock: systemClock, log: silentLogger })
  for (const filling of ['x', '~', '&', '^', '|', '\\', '\r'])
    await client
      .send(message(`PID|1||${filling.repeat(15 << 20)}`))
      .catch(() => {})
      .then(() => watch.look())
  await client.close()
  await watch.look()
  const socket = connect({ host, port }, () => socket.write('\x0b'))
  const gone = new Promise<void>((resolve) => socket.on('error', () => {}).on('close', () => resolve()))
  const flood = () => void (socket.writable && socket.write(Buffer.alloc(1 << 20, 'x'), flood))
  flood()
  await gone
})

test('a commitment to as many instances as one can name', async () => {
  const contexts = [
    { abstractSyntax: storageCommitmentPush, transferSyntaxes: [transferSyntax.implicitVrLittleEndian] },
  ]
  await using association = await openAssociation({ ...asModality(), contexts }, { log: silentLogger })
  const references = Array.from({ length: 65_535 }, (_, at) => ({
    ...{ sopClassUid: ctImage, sopInstanceUid: `2.25.${'1'.repeat(50)}${at}` },
  }))
  const { status } = await association.requestCommitment({ transactionUid: '1.2.3', references })
  expect(status).toBe(0x0213)
})

test('afterwards the next modality is served as ever', async () => {
  const study = newStudy({ seed: 'after the bombs', instances: 1 })
  expect(await storeInstances(asModality(), study)).toEqual([{ status: 0 }])
})
