import { fromDicomJson, isUid, itemsOf, textsOf } from '@twiin/dicom'
import type { Attributes, PatientIdentifier } from '@twiin/dicom'

/** Values of an archive's answer, which may be missing, too long, or nonsense: what cannot be read reads as empty. */

const universalEntityId = '00400032'

/** The wanted attributes of a data set in DICOM JSON; throws DICOM_UNREADABLE when one of them is malformed. */
export function wantedOf(json: unknown, wanted: readonly string[]): Attributes {
  const stated = typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  return fromDicomJson(
    Object.fromEntries(wanted.filter((tag) => Object.hasOwn(stated, tag)).map((tag) => [tag, stated[tag]])),
  )
}

export function valuesOf(answer: Attributes, tag: string, most: number): string[] {
  return textsOf(answer, tag)
    .slice(0, 64)
    .map((text) => text.trim().slice(0, most))
    .filter((text) => text !== '')
}

export const valueOf = (answer: Attributes, tag: string, most: number): string =>
  valuesOf(answer, tag, most)[0] ?? ''

/** A count; 0 when it is none. */
export function numberOf(answer: Attributes, tag: string): number {
  const value = Number(valueOf(answer, tag, 16))
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31 ? value : 0
}

/** `YYYY-MM-DD`, or empty when it is no date. */
export function dateOf(answer: Attributes, tag: string): string {
  const [, year, month, day] = /^(\d{4})[.-]?(\d{2})[.-]?(\d{2})$/.exec(valueOf(answer, tag, 16)) ?? []
  if (year === undefined || month === undefined || day === undefined) return ''
  const text = `${year}-${month}-${day}`
  const date = new Date(`${text}T00:00:00Z`)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text ? '' : text
}

const timePattern = /^([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60))?)?(?:\.\d{1,6})?$/

/** `HH:MM:SS`, or empty. */
export function timeOf(answer: Attributes, tag: string): string {
  const [, hours, minutes = '00', seconds = '00'] = timePattern.exec(valueOf(answer, tag, 16)) ?? []
  return hours === undefined ? '' : `${hours}:${minutes}:${seconds}`
}

export function identifierOf(
  answer: Attributes,
  tags: { id: string; issuer: string; qualifiers: string },
): PatientIdentifier | undefined {
  const id = valueOf(answer, tags.id, 64)
  if (id === '') return undefined
  const issuer = valueOf(answer, tags.issuer, 64)
  const [qualifiers] = itemsOf(answer, tags.qualifiers)
  const issuerOid = qualifiers === undefined ? '' : valueOf(qualifiers, universalEntityId, 64)
  return { id, ...(issuer === '' ? {} : { issuer }), ...(isUid(issuerOid) ? { issuerOid } : {}) }
}
