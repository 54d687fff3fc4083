import type { DocumentNode } from './document-tree.ts'
import { uidText } from './part10.ts'

/** A line of a report as a person reads it. `level` 0 is the outermost. */
export interface ReportLine {
  kind: 'heading' | 'text'
  level: number
  text: string
}

/** Content items that are shown (PS3.3 C.17.3). */
const mostItems = 10_000
/** Characters of one report; whoever writes more is told so, in the report. */
const mostCharacters = 256 * 1024

const tag = {
  valueType: 0x0040_a040,
  relationship: 0x0040_a010,
  conceptName: 0x0040_a043,
  content: 0x0040_a730,
  text: 0x0040_a160,
  code: 0x0040_a168,
  measured: 0x0040_a300,
  number: 0x0040_a30a,
  units: 0x0040_08ea,
  qualifier: 0x0040_a301,
  personName: 0x0040_a123,
  date: 0x0040_a121,
  time: 0x0040_a122,
  dateTime: 0x0040_a120,
  uid: 0x0040_a124,
  referencedSop: 0x0008_1199,
  referencedInstance: 0x0008_1155,
  referencedFrames: 0x0008_1160,
  graphicType: 0x0070_0023,
  rangeType: 0x0040_a130,
  referencedItem: 0x0040_db73,
  codeValue: 0x0008_0100,
  longCodeValue: 0x0008_0119,
  urnCodeValue: 0x0008_0120,
  codeScheme: 0x0008_0102,
  codeMeaning: 0x0008_0104,
} as const

export interface Code {
  value: string
  scheme: string
  meaning: string
}

function codeIn(node: DocumentNode, sequence: number): Code | undefined {
  const [item] = node.items(sequence)
  if (item === undefined) return undefined
  const value = item.text(tag.codeValue) || item.text(tag.longCodeValue) || item.text(tag.urnCodeValue).trim()
  return {
    value: value.trim(),
    scheme: item.text(tag.codeScheme).trim(),
    meaning: item.text(tag.codeMeaning).trim(),
  }
}

export const titleCode = (node: DocumentNode) => codeIn(node, tag.conceptName)

/** Headings of an addendum, and the person who observed, anywhere at the top of the tree (PS3.16 TID 1003). */
export function observerName(root: DocumentNode): string {
  const observer = root
    .items(tag.content)
    .find((item) => item.text(tag.valueType).trim() === 'PNAME' && titleCode(item)?.value === '121008')
  return observer?.text(tag.personName, 'name').trim() ?? ''
}

/** The content tree as lines. What is over a bound is not there, and the last line says so. */
export function linesOf(root: DocumentNode): ReportLine[] {
  const lines = new Lines()
  for (const item of root.items(tag.content)) addItem(item, 0, titleCode(root)?.meaning ?? '', lines)
  return lines.finish()
}

class Lines {
  readonly #lines: ReportLine[] = []
  #items = 0
  #characters = 0
  #cut = false

  /** False when nothing more is taken. */
  item(): boolean {
    if (++this.#items > mostItems) this.#cut = true
    return !this.#cut
  }

  add(kind: ReportLine['kind'], level: number, text: string): void {
    if (this.#cut || text === '') return
    const left = mostCharacters - this.#characters
    if (text.length > left) this.#cut = true
    const taken = text.slice(0, left)
    this.#characters += taken.length
    this.#lines.push({ kind, level, text: taken })
  }

  finish(): ReportLine[] {
    if (this.#cut)
      this.#lines.push({
        kind: 'heading',
        level: 0,
        text: '[afgekapt: lees het origineel / cut off: read the original]',
      })
    return this.#lines
  }
}

/** What a reader of the report does not want to read: in which language and by which template it was written. */
const unshown: ReadonlySet<string> = new Set(['121049', '121046', '121005', '121008'])

function addItem(item: DocumentNode, level: number, around: string, lines: Lines): void {
  if (!lines.item()) return
  const name = titleCode(item)
  if (name !== undefined && name.scheme === 'DCM' && unshown.has(name.value)) return
  const meaning = name?.meaning ?? ''
  if (item.text(tag.valueType).trim() === 'CONTAINER') {
    lines.add('heading', level, meaning)
    for (const child of item.items(tag.content)) addItem(child, level + 1, meaning, lines)
    return
  }
  const value = valueOf(item)
  // "Findings: Finding: …" says it twice.
  const isSaid = meaning === '' || meaning.replace(/s$/, '') === around.replace(/s$/, '')
  if (value !== '') lines.add('text', level, isSaid ? value : `${meaning}: ${value}`)
  else lines.add('text', level, isSaid ? '' : meaning)
  for (const child of item.items(tag.content)) addItem(child, level + 1, meaning, lines)
}

function valueOf(item: DocumentNode): string {
  const reference = item.numbers(tag.referencedItem, 64)
  // By reference (PS3.3 C.17.3.2.5): told by its place, never followed, so that a circle is only two lines.
  if (reference.length > 0) return `→ ${reference.join('.')}`
  switch (item.text(tag.valueType).trim()) {
    case 'TEXT':
      return item.text(tag.text).replace(/\r\n?/g, '\n').trim()
    case 'CODE': {
      const code = codeIn(item, tag.code)
      return code?.meaning || code?.value || ''
    }
    case 'NUM':
      return numberOf(item)
    case 'PNAME':
      return readableName(item.text(tag.personName, 'name'))
    case 'DATE':
      return dateOf(item.text(tag.date))
    case 'TIME':
      return timeOf(item.text(tag.time))
    case 'DATETIME':
      return dateTimeOf(item.text(tag.dateTime))
    case 'UIDREF':
      return item.uid(tag.uid)
    case 'IMAGE':
    case 'COMPOSITE':
    case 'WAVEFORM':
      return referencesOf(item)
    case 'SCOORD':
    case 'SCOORD3D':
      return item.text(tag.graphicType).trim()
    case 'TCOORD':
      return item.text(tag.rangeType).trim()
    default:
      return ''
  }
}

function numberOf(item: DocumentNode): string {
  const [measured] = item.items(tag.measured)
  if (measured === undefined) return codeIn(item, tag.qualifier)?.meaning ?? ''
  const unit = codeIn(measured, tag.units)
  // UCUM: "1" is no unit, and what stands in braces is a remark.
  const shown = unit === undefined || unit.value === '1' || /^\{/.test(unit.value) ? '' : unit.value
  return `${measured.text(tag.number).trim()} ${shown}`.trim()
}

function referencesOf(item: DocumentNode): string {
  return item
    .items(tag.referencedSop)
    .slice(0, 64)
    .map((sop) => {
      const frames = sop.bytes(tag.referencedFrames)
      const uid = sop.uid(tag.referencedInstance)
      return frames === undefined ? uid : `${uid} (${uidText(frames).slice(0, 64)})`
    })
    .join(', ')
}

/** `Jansen^Anna^M` → `Jansen, Anna M`. Of several representations the first. */
export function readableName(name: string): string {
  const [family = '', ...given] = (name.split('=').find((part) => part.trim() !== '') ?? '').split('^')
  const rest = given
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ')
  return [family.trim(), rest].filter((part) => part !== '').join(', ')
}

export function dateOf(text: string): string {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(text.trim()) ?? []
  return year === undefined ? '' : `${year}-${month}-${day}`
}

export function timeOf(text: string): string {
  const [, hours, minutes = '00', seconds] = /^(\d\d)(\d\d)?(\d\d)?/.exec(text.trim()) ?? []
  if (hours === undefined) return ''
  return `${hours}:${minutes}${seconds === undefined ? '' : `:${seconds}`}`
}

const dateTimeOf = (text: string) => `${dateOf(text)} ${timeOf(text.trim().slice(8))}`.trim()
