import { lookUpTag } from './dcmjs.ts'

/**
 * The attributes of a data set by tag, eight hex digits in upper case (`00100020`): the model behind C-FIND identifiers
 * and DICOM JSON. Holds patient data: never log it.
 */
export type Attributes = Map<string, Attribute>

export interface Attribute {
  readonly vr: string
  /**
   * Text as text, IS and DS too; US, SS, UL, SL, FL, FD as numbers; AT as eight hex digits; SV and UV as numbers or, beyond
   * 2^53, as digits; OB … UN as one array of bytes in little endian; SQ as attributes an item. Empty: no value.
   */
  readonly value: readonly AttributeValue[]
  /** Of bytes that were left where they are: where in the data set the value stands. */
  readonly left?: { readonly offset: number; readonly length: number }
}

export type AttributeValue = string | number | Uint8Array | Attributes

export const attributeKey = /^[0-9A-F]{8}$/

export const textVrs: ReadonlySet<string> = new Set(
  'AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT'.split(' '),
)
/** Text that Specific Character Set governs (PS3.5 §6.1.2.3). */
export const localisedVrs: ReadonlySet<string> = new Set('LO LT PN SH ST UC UT'.split(' '))
/** In these a backslash is a letter. */
export const oneValueVrs: ReadonlySet<string> = new Set('LT ST UT UR'.split(' '))
export const byteVrs: ReadonlySet<string> = new Set('OB OD OF OL OV OW UN'.split(' '))
export const numberBytes: Readonly<Record<string, number>> = {
  ...{ US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, SV: 8, UV: 8, AT: 4 },
}

export function isVr(vr: string): boolean {
  return vr === 'SQ' || textVrs.has(vr) || byteVrs.has(vr) || Object.hasOwn(numberBytes, vr)
}

/** `00100020` */
export function keyOf(tag: number): string {
  return tag.toString(16).padStart(8, '0').toUpperCase()
}

/** The VR of an attribute that does not say its own (implicit VR), or a key typed by its number. */
export function vrOf(key: string): string {
  const [group, element] = [key.slice(0, 4), key.slice(4)]
  if (element === '0000') return 'UL'
  // PS3.5 §7.8.1: private creators are LO; other private elements are unknown here.
  if (Number.parseInt(group, 16) % 2 === 1) return /^00[1-9A-F]/.test(element) ? 'LO' : 'UN'
  const vr = lookUpTag(key)?.vr ?? 'UN'
  if (vr === 'ox') return 'OW'
  // Signed or not is up to Pixel Representation; the sign matters to nobody who queries.
  return vr === 'xs' ? 'US' : isVr(vr) ? vr : 'UN'
}

/** An attribute of our own making. Values that are undefined or empty are left out: present, without value. */
export function attribute(
  key: string,
  ...values: readonly (AttributeValue | undefined)[]
): [string, Attribute] {
  const value = values.filter((one) => one !== undefined && one !== '') as AttributeValue[]
  return [key, { vr: vrOf(key), value }]
}

/** The first value as text; '' when there is none. */
export function textOf(attributes: Attributes, key: string): string {
  const [first] = attributes.get(key)?.value ?? []
  return typeof first === 'string' ? first : typeof first === 'number' ? String(first) : ''
}

/** All values as text. */
export function textsOf(attributes: Attributes, key: string): string[] {
  return (attributes.get(key)?.value ?? [])
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .map(String)
}

/** The items of a sequence. */
export function itemsOf(attributes: Attributes, key: string): Attributes[] {
  return (attributes.get(key)?.value ?? []).filter((value) => value instanceof Map)
}
