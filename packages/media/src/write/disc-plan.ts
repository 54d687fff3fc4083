import { encodeDirectory, headSizes, part10Header, readKeys } from '@twiin/dicom'
import type { Attributes, DirectoryNode, Part10Meta } from '@twiin/dicom'
import { TwiinError, codeOf } from '@twiin/runtime'
import { levelKeys, recordTypeOf } from './record-types.ts'

/** An instance to be written, as it is kept. */
export interface DiscSource extends Part10Meta {
  /** Bytes of the data set. */
  size: number
  /** The data set, or its first `length` bytes. */
  read(length?: number): AsyncIterable<Uint8Array>
}

/** A file of the disc. `place`: names fit for ISO 9660 level 1. */
export interface PlannedFile {
  place: readonly string[]
  size: number
  /** Holds nothing about a patient. */
  isPublic?: boolean
  read(): AsyncIterable<Uint8Array>
}

export interface DiscPlan {
  files: PlannedFile[]
  patients: PlannedPatient[]
  /** Records that lack a value the standard wants; none is invented. */
  incomplete: number
}

export interface PlannedPatient {
  keys: Attributes
  studies: { keys: Attributes; modalities: string[]; instances: number }[]
}

interface Branch {
  node: { type: string; keys: Attributes; below: DirectoryNode[] }
  folder: readonly string[]
  children: Map<string, Branch>
}

/** What a record must have (type 1 in PS3.3 annex F.5) and objects sometimes lack. */
const required = new Set([
  '00100020',
  '00080020',
  '00080030',
  '0020000D',
  '00200010',
  '00080060',
  '0020000E',
  '00200011',
  '00200013',
])
const prefixes = { patient: 'PA', study: 'ST', series: 'SE' } as const
const types = { patient: 'PATIENT', study: 'STUDY', series: 'SERIES' } as const
const mostOfAKind = 999_999

/** Where everything goes on the disc (spec 19 §5.1), and the DICOMDIR over it. Throws what reading an instance threw. */
export async function planDisc(
  options: { fileSetId: string; sopInstanceUid: string },
  sources: readonly DiscSource[],
): Promise<DiscPlan> {
  const root: Branch = {
    node: { type: '', keys: new Map(), below: [] },
    folder: ['DICOM'],
    children: new Map(),
  }
  const files: PlannedFile[] = []
  const patients = new Map<Branch, PlannedPatient>()
  const studies = new Map<Branch, PlannedPatient['studies'][number]>()
  let incomplete = 0
  for (const source of sources) {
    const { type, keys: own } = recordTypeOf(source.sopClassUid)
    const found = await keysOf(source, own)
    const patient = branch(root, 'patient', identityOf(found), found)
    const study = branch(patient, 'study', text(found, '0020000D'), found)
    const series = branch(study, 'series', text(found, '0020000E'), found)
    const { below } = series.node
    if (below.length >= mostOfAKind) throw new TwiinError('DISC_TOO_LARGE', { reason: 'instances' })
    const place = [...series.folder, `IM${String(below.length + 1).padStart(6, '0')}`]
    const keys = pick(found, own)
    below.push({ type, keys, below: [], file: { ...source, fileId: place } })
    if (lacks(keys, [own[0] ?? ''])) incomplete++
    files.push(fileOf(source, place))
    noteStudy(patient, study, found, patients, studies)
  }
  incomplete += lacking(root)
  const directory = encodeDirectory({ ...options, roots: root.node.below })
  const dicomdir = { place: ['DICOMDIR'], size: directory.length, read: () => only(directory) }
  return { files: [dicomdir, ...files], patients: [...patients.values()], incomplete }
}

function fileOf(source: DiscSource, place: readonly string[]): PlannedFile {
  const header = part10Header(source)
  return {
    place,
    size: header.length + source.size,
    async *read() {
      yield header
      let written = 0
      for await (const piece of source.read()) {
        written += piece.length
        yield piece
      }
      // Cut short it would still look like a file.
      if (written !== source.size) throw new TwiinError('BLOB_MISSING')
    },
  }
}

/** The record of its level above an instance, made when it is the first. */
function branch(parent: Branch, level: keyof typeof levelKeys, id: string, found: Attributes): Branch {
  const known = parent.children.get(id)
  if (known !== undefined) return known
  const count = parent.children.size + 1
  if (count > mostOfAKind) throw new TwiinError('DISC_TOO_LARGE', { reason: level })
  const made: Branch = {
    node: { type: types[level], keys: pick(found, levelKeys[level]), below: [] },
    folder: [...parent.folder, `${prefixes[level]}${String(count).padStart(6, '0')}`],
    children: new Map(),
  }
  parent.children.set(id, made)
  parent.node.below.push(made.node)
  return made
}

function noteStudy(
  patient: Branch,
  study: Branch,
  found: Attributes,
  patients: Map<Branch, PlannedPatient>,
  studies: Map<Branch, PlannedPatient['studies'][number]>,
): void {
  const ofPatient = patients.get(patient) ?? { keys: patient.node.keys, studies: [] }
  patients.set(patient, ofPatient)
  let entry = studies.get(study)
  if (entry === undefined) {
    entry = { keys: study.node.keys, modalities: [], instances: 0 }
    studies.set(study, entry)
    ofPatient.studies.push(entry)
  }
  entry.instances++
  const modality = text(found, '00080060')
  if (modality !== '' && !entry.modalities.includes(modality)) entry.modalities.push(modality)
}

/** Who differs in any of these is another patient. */
const identityOf = (found: Attributes) =>
  JSON.stringify(['00100020', '00100021', '00100010', '00100030'].map((key) => text(found, key)))

async function keysOf(source: DiscSource, own: readonly string[]): Promise<Attributes> {
  const keys = [...levelKeys.patient, ...levelKeys.study, ...levelKeys.series, ...own]
  for (const length of headSizes) {
    const head = Buffer.concat(await toArray(source.read(Math.min(length, source.size))))
    const { transferSyntaxUid } = source
    try {
      return await readKeys({ transferSyntaxUid, head, complete: head.length === source.size }, keys)
    } catch (error) {
      if (codeOf(error) !== 'DICOM_HEAD_TOO_SHORT' || length === headSizes.at(-1)) throw error
    }
  }
  throw new Error('unreachable: the last size throws')
}

function pick(found: Attributes, keys: readonly string[]): Attributes {
  const picked: Attributes = new Map()
  for (const key of keys) {
    const attribute = found.get(key)
    if (attribute !== undefined || required.has(key))
      picked.set(key, attribute ?? { vr: vrOfRequired[key] ?? 'LO', value: [] })
  }
  return picked
}

const vrOfRequired: Readonly<Record<string, string>> = {
  ...{ '00100020': 'LO', '00080020': 'DA', '00080030': 'TM', '0020000D': 'UI', '00200010': 'SH' },
  ...{ '00080060': 'CS', '0020000E': 'UI', '00200011': 'IS', '00200013': 'IS' },
}

const lacks = (keys: Attributes, wanted: readonly string[]) =>
  wanted.some((key) => required.has(key) && text(keys, key) === '')

function lacking({ node, children }: Branch): number {
  const below = [...children.values()].reduce((sum, child) => sum + lacking(child), 0)
  return below + (node.type !== '' && lacks(node.keys, [...node.keys.keys()]) ? 1 : 0)
}

function text(attributes: Attributes, key: string): string {
  const [value] = attributes.get(key)?.value ?? []
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function toArray(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}
