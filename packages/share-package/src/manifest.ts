import { sealedSize } from './entry-cipher.ts'
import { headBytes } from './file-layout.ts'
import { ShareError } from './share-error.ts'

const kinds = ['picture', 'report-text', 'report-pdf', 'dicom', 'page'] as const
export type EntryKind = (typeof kinds)[number]
type Language = 'nl' | 'en'
type Words = { nl: string; en: string }

export interface ManifestEntry {
  kind: EntryKind
  /** Of the plain bytes, as is `crc32`. */
  size: number
  crc32: number
  /** From the beginning of the file. */
  offset: number
  /** Its path in the zip; one without is not in it. */
  name?: string
}

export interface ManifestStudy {
  studyInstanceUid: string
  /** `YYYY-MM-DD` or ''. */
  date: string
  words: Words
  hospital: string
  series: { words: Words; pictures: ManifestPicture[] }[]
  /** `text`, `pdf`: numbers of entries; 0 for none, of which at most one. */
  reports: { title: string; date: string; text: number; pdf: number }[]
}

/** `small`, `large`: numbers of entries. `width`, `height`: pixels of the large one. */
export interface ManifestPicture {
  small: number
  large: number
  width: number
  height: number
}

/** What is in a package (spec 25 §2). `entries[0]` is entry 1. */
export interface Manifest {
  version: 1
  hospital: string
  /** ISO 8601, UTC. */
  madeAt: string
  language: Language
  /** The name, or ''. */
  patient: string
  downloads: boolean
  studies: ManifestStudy[]
  entries: ManifestEntry[]
}

/** In characters. */
const mostText = 1000
const mostName = 200

/**
 * A manifest that holds what its type says and nothing else, whose entries lie one after the other up to `end`, where
 * the manifest begins, and whose names may be written to a disk. Throws `SHARE_DAMAGED` with the field.
 */
export function checkedManifest(value: unknown, { end }: { end: number }): Manifest {
  const of = object(value, 'manifest')
  if (of['version'] !== 1) wrong('version')
  const entries = list(of['entries'], 'entries').map(entryOf)
  const last = entries.reduce((offset, entry) => {
    if (entry.offset !== offset) wrong('offset')
    return offset + sealedSize(entry.size)
  }, headBytes)
  if (last !== end) wrong('offset')
  checkNames(entries)
  const downloads = of['downloads']
  if (typeof downloads !== 'boolean') return wrong('downloads')
  if (
    !downloads &&
    entries.some(({ kind, name }) => kind === 'dicom' || kind === 'page' || name !== undefined)
  )
    wrong('downloads')
  return {
    version: 1,
    hospital: text(of['hospital'], 'hospital'),
    madeAt: instant(of['madeAt']),
    language: of['language'] === 'nl' || of['language'] === 'en' ? of['language'] : wrong('language'),
    patient: text(of['patient'], 'patient'),
    downloads,
    studies: list(of['studies'], 'studies').map((study) => studyOf(study, entries)),
    entries,
  }
}

function entryOf(value: unknown): ManifestEntry {
  const of = object(value, 'entry')
  const kind = kinds.find((one) => one === of['kind'])
  return {
    kind: kind ?? wrong('kind'),
    size: whole(of['size'], 0, Number.MAX_SAFE_INTEGER, 'size'),
    crc32: whole(of['crc32'], 0, 0xffffffff, 'crc32'),
    offset: whole(of['offset'], headBytes, Number.MAX_SAFE_INTEGER, 'offset'),
    ...(of['name'] === undefined ? {} : { name: nameOf(of['name']) }),
  }
}

/** A path that stays where it is unpacked, on any system. */
function nameOf(value: unknown): string {
  if (typeof value !== 'string' || value.length > mostName || !value.isWellFormed()) return wrong('name')
  if (/[\p{Cc}\\:*?"<>|]/u.test(value)) return wrong('name')
  for (const part of value.split('/'))
    if (part === '' || /^\.+$/.test(part) || /[. ]$/.test(part)) wrong('name')
  return value
}

/** None twice, where capitals do not count, and none that is a folder of another. */
function checkNames(entries: readonly ManifestEntry[]): void {
  const files = new Set<string>()
  const folders = new Set<string>()
  for (const { name } of entries) {
    if (name === undefined) continue
    const key = name.toLowerCase()
    if (files.has(key)) wrong('name')
    files.add(key)
    for (let at = key.indexOf('/'); at >= 0; at = key.indexOf('/', at + 1)) folders.add(key.slice(0, at))
  }
  for (const folder of folders) if (files.has(folder)) wrong('name')
}

function studyOf(value: unknown, entries: readonly ManifestEntry[]): ManifestStudy {
  const of = object(value, 'study')
  return {
    studyInstanceUid: text(of['studyInstanceUid'], 'studyInstanceUid'),
    date: date(of['date']),
    words: words(of['words']),
    hospital: text(of['hospital'], 'hospital'),
    series: list(of['series'], 'series').map((one) => {
      const series = object(one, 'series')
      const pictures = list(series['pictures'], 'pictures').map((picture) => pictureOf(picture, entries))
      return { words: words(series['words']), pictures }
    }),
    reports: list(of['reports'], 'reports').map((one) => reportOf(one, entries)),
  }
}

function pictureOf(value: unknown, entries: readonly ManifestEntry[]): ManifestPicture {
  const of = object(value, 'picture')
  return {
    small: entry(of['small'], 'picture', entries),
    large: entry(of['large'], 'picture', entries),
    width: whole(of['width'], 1, 65_535, 'width'),
    height: whole(of['height'], 1, 65_535, 'height'),
  }
}

function reportOf(value: unknown, entries: readonly ManifestEntry[]): ManifestStudy['reports'][number] {
  const of = object(value, 'report')
  const [inText, inPdf] = [of['text'], of['pdf']]
  if (inText === 0 && inPdf === 0) wrong('report')
  return {
    title: text(of['title'], 'title'),
    date: date(of['date']),
    text: inText === 0 ? 0 : entry(inText, 'report-text', entries),
    pdf: inPdf === 0 ? 0 : entry(inPdf, 'report-pdf', entries),
  }
}

/** The number of an entry of this kind. */
function entry(value: unknown, kind: EntryKind, entries: readonly ManifestEntry[]): number {
  const number = whole(value, 1, entries.length, 'entry')
  return entries[number - 1]?.kind === kind ? number : wrong('entry')
}

function wrong(field: string): never {
  throw new ShareError('SHARE_DAMAGED', { what: 'manifest', field })
}

function object(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(field)
  return value as Record<string, unknown>
}

const list = (value: unknown, field: string): readonly unknown[] =>
  Array.isArray(value) ? value : wrong(field)

function text(value: unknown, field: string): string {
  return typeof value === 'string' && value.length <= mostText && value.isWellFormed() ? value : wrong(field)
}

function words(value: unknown): Words {
  const of = object(value, 'words')
  return { nl: text(of['nl'], 'words'), en: text(of['en'], 'words') }
}

function whole(value: unknown, least: number, most: number, field: string): number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
    ? (value as number)
    : wrong(field)
}

function date(value: unknown): string {
  if (value === '') return ''
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : wrong('date')
}

function instant(value: unknown): string {
  const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/
  return typeof value === 'string' && pattern.test(value) && !Number.isNaN(Date.parse(value))
    ? value
    : wrong('madeAt')
}
