import { attributeKey, byteVrs, isVr, numberBytes, textVrs } from './attributes.ts'
import type { Attribute, Attributes, AttributeValue } from './attributes.ts'
import { maxDepth } from './element-header.ts'
import { unreadable } from './unreadable.ts'

export interface JsonAttribute {
  vr: string
  Value?: JsonValue[]
  InlineBinary?: string
  BulkDataURI?: string
}
export type JsonValue = string | number | null | JsonPersonName | JsonDataSet
export interface JsonPersonName {
  Alphabetic?: string
  Ideographic?: string
  Phonetic?: string
}
/** DICOM JSON model, PS3.18 annex F. */
export interface JsonDataSet {
  [tag: string]: JsonAttribute
}

const nameGroups = ['Alphabetic', 'Ideographic', 'Phonetic'] as const
const maxJsonElements = 100_000

/**
 * The DICOM JSON model (PS3.18 annex F), in UTF-8, so without a Specific Character Set. `bulkDataUri` names what was
 * left in the data set, by the path to it (tags and item numbers); without one, or when it answers undefined, such an
 * attribute is listed without a value.
 */
export function toDicomJson(
  attributes: Attributes,
  options: { bulkDataUri?: (path: readonly string[], attribute: Attribute) => string | undefined } = {},
  path: readonly string[] = [],
): JsonDataSet {
  const json: JsonDataSet = {}
  for (const [key, attribute] of [...attributes].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (!attributeKey.test(key) || key.endsWith('0000')) continue
    if (key === '00080005') {
      json[key] = { vr: 'CS', Value: ['ISO_IR 192'] }
      continue
    }
    const here = [...path, key]
    const { vr, value, left } = attribute
    if (left !== undefined) {
      const uri = options.bulkDataUri?.(here, attribute)
      json[key] = uri === undefined ? { vr } : { vr, BulkDataURI: uri }
    } else if (byteVrs.has(vr)) {
      const [bytes] = value
      json[key] =
        bytes instanceof Uint8Array ? { vr, InlineBinary: Buffer.from(bytes).toString('base64') } : { vr }
    } else {
      const values = value.map((one, index) =>
        one instanceof Map ? toDicomJson(one, options, [...here, String(index + 1)]) : jsonValue(vr, one),
      )
      json[key] = values.length === 0 ? { vr } : { vr, Value: values }
    }
  }
  return json
}

function jsonValue(vr: string, value: AttributeValue): JsonValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'string' || value === '') return null
  if (vr === 'PN') {
    const name: JsonPersonName = {}
    for (const [at, group] of value.split('=').entries()) {
      const named = nameGroups[at]
      if (named !== undefined && group !== '') name[named] = group
    }
    return name
  }
  if (vr !== 'IS' && vr !== 'DS') return value
  const number = Number(value)
  // What is no number stays as it was written: PS3.18 F.2.2 allows both.
  return Number.isFinite(number) && value.trim() !== '' ? number : value
}

/**
 * Reads what others call DICOM JSON. Keys that are no tags are left out; anything else that does not fit throws
 * `DICOM_UNREADABLE`, as do more than 64 levels or 100,000 elements. Bulk data URIs are not followed: `bulk` says what
 * stands there, or refuses by undefined.
 */
export function fromDicomJson(
  json: unknown,
  options: { bulk?: (uri: string) => Uint8Array | undefined } = {},
): Attributes {
  return readDataSet(json, options, { left: maxJsonElements }, 0)
}

interface Budget {
  left: number
}

function readDataSet(
  json: unknown,
  options: { bulk?: (uri: string) => Uint8Array | undefined },
  budget: Budget,
  depth: number,
): Attributes {
  if (depth > maxDepth) throw unreadable('nested too deeply')
  if (!isObject(json)) throw unreadable('no data set where one should be')
  const attributes: Attributes = new Map()
  for (const [key, stated] of Object.entries(json)) {
    if (--budget.left < 0) throw unreadable('too many elements')
    if (!attributeKey.test(key) || key.endsWith('0000')) continue
    if (!isObject(stated) || typeof stated['vr'] !== 'string' || !isVr(stated['vr'])) {
      throw unreadable('an attribute without a VR')
    }
    attributes.set(key, readAttribute(stated['vr'], stated, options, budget, depth))
  }
  return attributes
}

function readAttribute(
  vr: string,
  stated: Record<string, unknown>,
  options: { bulk?: (uri: string) => Uint8Array | undefined },
  budget: Budget,
  depth: number,
): Attribute {
  const { Value: values, InlineBinary: inline, BulkDataURI: uri } = stated
  if (typeof inline === 'string') {
    if (!byteVrs.has(vr)) throw unreadable('binary in an attribute of text')
    return { vr, value: [Buffer.from(inline, 'base64')] }
  }
  if (typeof uri === 'string') {
    const bytes = options.bulk?.(uri)
    if (bytes === undefined) throw unreadable('bulk data that is not here')
    return byteVrs.has(vr) ? { vr, value: [bytes] } : { vr, value: [Buffer.from(bytes).toString('utf8')] }
  }
  if (values === undefined) return { vr, value: [] }
  if (!Array.isArray(values) || byteVrs.has(vr)) throw unreadable('values of another kind than the VR')
  budget.left -= values.length
  if (budget.left < 0) throw unreadable('too many elements')
  if (vr === 'SQ') {
    const items = values.map((item) => readDataSet(item ?? {}, options, budget, depth + 1))
    return { vr, value: items }
  }
  return { vr, value: values.map((value) => readValue(vr, value)) }
}

function readValue(vr: string, value: unknown): AttributeValue {
  if (value === null) return ''
  if (vr === 'PN') {
    if (!isObject(value)) throw unreadable('a name of another kind')
    const groups = nameGroups.map((group) => {
      const part = value[group] ?? ''
      if (typeof part !== 'string' || part.includes('=')) throw unreadable('a name of another kind')
      return part
    })
    return noDelimiter(groups.join('=').replace(/=+$/, ''))
  }
  if (typeof value === 'number' && (Object.hasOwn(numberBytes, vr) || vr === 'IS' || vr === 'DS')) {
    return vr === 'IS' || vr === 'DS' ? String(value) : value
  }
  if (typeof value !== 'string') throw unreadable('a value of another kind than its VR')
  if (textVrs.has(vr)) return ['LT', 'ST', 'UT', 'UR'].includes(vr) ? value : noDelimiter(value)
  if (vr === 'AT' && attributeKey.test(value)) return value
  if ((vr === 'SV' || vr === 'UV') && /^-?\d{1,20}$/.test(value)) return value
  throw unreadable('a value of another kind than its VR')
}

/** A backslash would become two values. */
function noDelimiter(text: string): string {
  if (text.includes('\\')) throw unreadable('a delimiter within a value')
  return text
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
