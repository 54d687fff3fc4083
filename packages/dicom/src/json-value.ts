import { wordBytes } from './attribute-vr.ts'
import type { TextKind } from './character-set.ts'
import type { JsonAttribute, JsonPersonName, JsonValue } from './dicom-json.ts'

type Decode = (bytes: Uint8Array, kind: TextKind) => string

/** VRs whose text is in the data set's character set (PS3.5 §6.1.2.3); the other texts are ASCII. */
const inCharacterSet = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT'])
/** A backslash is part of the text (PS3.5 §6.2). */
const singleTexts = new Set(['LT', 'ST', 'UT', 'UR'])
const keepsLeadingSpaces = new Set(['LT', 'ST', 'UT'])
const groups = ['Alphabetic', 'Ideographic', 'Phonetic'] as const

/** A value that is not empty in the DICOM JSON model (PS3.18 F.2.2 to F.2.6). */
export function jsonValue(
  vr: string,
  bytes: Uint8Array,
  isLittle: boolean,
  decode: Decode,
): Pick<JsonAttribute, 'Value' | 'InlineBinary'> {
  if (vr.startsWith('O') || vr === 'UN')
    return { InlineBinary: Buffer.from(littleEndian(vr, bytes, isLittle)).toString('base64') }
  const values = binaryNumbers(vr, bytes, isLittle) ?? texts(vr, bytes, decode)
  return values.every((value) => value === null) ? {} : { Value: values }
}

/** Words of a big endian data set the other way round: all that leaves by HTTP is little endian (PS3.18 §8.7.3). */
export function littleEndian(vr: string, bytes: Uint8Array, isLittle: boolean): Uint8Array {
  const size = wordBytes(vr)
  if (isLittle || size === 1) return bytes
  const swapped = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % size)))
  if (size === 2) return swapped.swap16()
  return size === 4 ? swapped.swap32() : swapped.swap64()
}

function binaryNumbers(vr: string, bytes: Uint8Array, isLittle: boolean): JsonValue[] | undefined {
  const read = numberReaders[vr]
  if (read === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = vr === 'AT' ? 4 : wordBytes(vr)
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => read(view, i * size, isLittle))
}

const numberReaders: Readonly<Record<string, (view: DataView, at: number, isLittle: boolean) => JsonValue>> =
  {
    US: (view, at, little) => view.getUint16(at, little),
    SS: (view, at, little) => view.getInt16(at, little),
    UL: (view, at, little) => view.getUint32(at, little),
    SL: (view, at, little) => view.getInt32(at, little),
    FL: (view, at, little) => jsonNumber(view.getFloat32(at, little)),
    FD: (view, at, little) => jsonNumber(view.getFloat64(at, little)),
    UV: (view, at, little) => exactNumber(view.getBigUint64(at, little)),
    SV: (view, at, little) => exactNumber(view.getBigInt64(at, little)),
    AT: (view, at, little) =>
      (view.getUint16(at, little) * 0x1_0000 + view.getUint16(at + 2, little))
        .toString(16)
        .padStart(8, '0')
        .toUpperCase(),
  }

/** JSON has no word for these. */
const jsonNumber = (value: number) => (Number.isFinite(value) ? value : String(value))
const exactNumber = (value: bigint) =>
  value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value.toString()

function texts(vr: string, bytes: Uint8Array, decode: Decode): JsonValue[] {
  const text = inCharacterSet.has(vr)
    ? decode(bytes, vr === 'PN' ? 'name' : 'text')
    : Buffer.from(bytes).toString('latin1')
  const values = singleTexts.has(vr) ? [text] : text.split('\\')
  return values.map((value) => {
    const ended = value.replace(/[\0 ]+$/, '')
    const shown = keepsLeadingSpaces.has(vr) ? ended : ended.trimStart()
    if (shown === '') return null
    if (vr === 'PN') return personName(shown)
    if (vr === 'DS' || vr === 'IS') return decimal(shown)
    return shown
  })
}

/** What is no number stays as it was written. */
function decimal(text: string): number | string {
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
  return isNumber && Number.isFinite(Number(text)) ? Number(text) : text
}

function personName(name: string): JsonPersonName | null {
  const parts = name.split('=').slice(0, 3)
  const named = groups.flatMap((group, i) => (parts[i]?.trim() ? [[group, parts[i].trim()]] : []))
  return named.length === 0 ? null : (Object.fromEntries(named) as JsonPersonName)
}
