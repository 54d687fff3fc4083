import { createHash } from 'node:crypto'
import { DataSetScan, headSizes, mediaStorageDirectory, recogniseFile } from '@twiin/dicom'
import type { HeadReader, InstanceHead, RecognisedFile } from '@twiin/dicom'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import { Checklist } from './checklist.ts'
import { Problems } from './disc-contents.ts'
import type { DiscContents, DiscInstance } from './disc-contents.ts'
import { defaultLimits, tooLarge } from './limits.ts'
import type { MediaLimits } from './limits.ts'
import type { MediaFile, MediaSource, Place } from './media-source.ts'
import { namesProgram, startsAsProgram } from './names.ts'
import { PatientsOnDisc } from './patients-on-disc.ts'

interface Options {
  limits?: Partial<MediaLimits>
  signal?: AbortSignal
}

/** What one file turned out to be. */
type Found =
  | { kind: 'ballast' | 'other' | 'unreadable' | 'headless' }
  | { kind: 'directory'; bytes: Buffer | undefined }
  | { kind: 'instance'; head: InstanceHead; instance: DiscInstance }

/** Enough to tell what a file is; nearly every head fits in it. */
const firstBytes = headSizes[0]

/**
 * Reads a whole disc once: every object's head, size and digest, and what is wrong with the disc. Nothing is kept of
 * the images. Throws `DISC_TOO_LARGE`, `DISC_UNREADABLE`, and what the signal says.
 */
export async function readDisc(
  source: MediaSource,
  options: Options,
  deps: { heads: Pick<HeadReader, 'read'> },
): Promise<DiscContents> {
  const limits = { ...defaultLimits, ...options.limits }
  const problems = new Problems()
  const patients = new PatientsOnDisc({ problems })
  const checklist = new Checklist({ problems })
  const counts = { files: 0, dicom: 0, ballast: 0, other: 0, listed: 0 }
  for await (const entry of source.entries(limits, options.signal)) {
    if ('oddity' in entry) {
      problems.note(entry.oddity, entry.place)
      continue
    }
    const { file } = entry
    const places = [file.place, ...file.aliases]
    counts.files++
    const found = await judge(file, limits, deps.heads, options.signal)
    checklist.file(file.ordinal, places, found.kind === 'instance' ? 'dicom' : 'other')
    switch (found.kind) {
      case 'ballast':
      case 'other':
        counts[found.kind]++
        break
      case 'unreadable':
        problems.note('FILE_UNREADABLE', file.place)
        break
      case 'headless':
        problems.note('HEAD_UNREADABLE', file.place)
        break
      case 'directory':
        if (found.bytes === undefined) checklist.unreadableDirectory(file.place)
        else checklist.directory(file.place, found.bytes)
        break
      case 'instance':
        if (patients.add(found.head, found.instance, file.place)) counts.dicom++
        if (counts.dicom > limits.dicomFiles) throw tooLarge('dicomFiles')
    }
  }
  counts.listed = await checklist.check((uid) => patients.has(uid))
  return { format: source.format, counts, problems: problems.list(), patients: patients.list() }
}

async function judge(
  file: MediaFile,
  limits: MediaLimits,
  heads: Pick<HeadReader, 'read'>,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const name = file.place.at(-1) ?? ''
  try {
    const isDirectory = allNames(file).some((one) => /^dicomdir(\.|;|$)/i.test(one))
    if (!isDirectory && namesProgram(name)) return { kind: 'ballast' }
    const start = await firstOf(file, firstBytes)
    const recognised = recogniseFile(start)
    if (isDirectory || recognised?.sopClassUid === mediaStorageDirectory)
      return { kind: 'directory', bytes: await wholeOf(file, limits.dicomdirBytes) }
    if (recognised === undefined) return { kind: startsAsProgram(start) ? 'ballast' : 'other' }
    const head = await readHead(file, start, recognised, heads)
    if (head === undefined) return { kind: recognised.form === 'bare' ? 'other' : 'headless' }
    return await measure(file, head, recognised, signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (isTwiinError(error, 'FILE_UNREADABLE')) return { kind: 'unreadable' }
    throw error
  }
}

const allNames = ({ place, aliases }: MediaFile) => [place, ...aliases].map((one: Place) => one.at(-1) ?? '')

/** Undefined when it cannot be read. */
async function readHead(
  file: MediaFile,
  start: Buffer,
  { dataSetOffset, transferSyntaxUid }: RecognisedFile,
  heads: Pick<HeadReader, 'read'>,
): Promise<InstanceHead | undefined> {
  for (const size of headSizes) {
    const bytes = size === headSizes[0] ? start : await firstOf(file, dataSetOffset + size)
    const complete = bytes.length === file.size
    const head = bytes.subarray(dataSetOffset, dataSetOffset + size)
    try {
      return withinBounds(await heads.read({ transferSyntaxUid, head, complete }))
    } catch (error) {
      const code = codeOf(error)
      if (code === 'DICOM_HEAD_TOO_SHORT' && !complete) continue
      if (code !== 'DICOM_UNREADABLE' && code !== 'DICOM_HEAD_TOO_SHORT') throw error
      return undefined
    }
  }
  return undefined
}

/** An identifier so long that cutting it could make two patients one is no identifier. */
function withinBounds(head: InstanceHead): InstanceHead | undefined {
  const { id = '', issuer = '', issuerOid = '' } = head.patientId ?? {}
  return Math.max(id.length, issuer.length, issuerOid.length) <= 256 ? head : undefined
}

/** Reads all of it: whether the data set is whole, how long it is, and its digest. */
async function measure(
  file: MediaFile,
  head: InstanceHead,
  { dataSetOffset, transferSyntaxUid }: RecognisedFile,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const scan = new DataSetScan({ transferSyntaxUid })
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of dataSetOf(file, dataSetOffset)) {
    signal?.throwIfAborted()
    await scan.push(chunk)
    hash.update(chunk)
    size += chunk.length
  }
  if (!(await scan.end()).complete) return { kind: 'unreadable' }
  const { sopClassUid, sopInstanceUid, seriesInstanceUid } = head
  const ids = { sopClassUid, sopInstanceUid, seriesInstanceUid, transferSyntaxUid }
  const place = { ordinal: file.ordinal, offset: dataSetOffset, size, sha256: hash.digest('hex') }
  return { kind: 'instance', head, instance: { ...place, ...ids } }
}

/** The bytes of a file from `offset` on. Throws `FILE_UNREADABLE`. */
export async function* dataSetOf(file: MediaFile, offset: number): AsyncGenerator<Buffer> {
  let at = 0
  for await (const chunk of file.read()) {
    const from = Math.max(0, offset - at)
    at += chunk.length
    if (from < chunk.length) yield chunk.subarray(from)
  }
}

async function firstOf(file: MediaFile, length: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const chunk of file.read()) {
    pieces.push(chunk)
    size += chunk.length
    if (size >= length) break
  }
  return Buffer.concat(pieces).subarray(0, length)
}

/** Undefined when it is longer. */
async function wholeOf(file: MediaFile, limit: number): Promise<Buffer | undefined> {
  if (file.size > limit) return undefined
  const whole = await firstOf(file, limit + 1)
  if (whole.length > limit) throw new TwiinError('FILE_UNREADABLE', { reason: 'longer than it says' })
  return whole
}
