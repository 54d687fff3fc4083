import { citizenNumberIssuer, itemsOf, textOf, textsOf } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { parseBsn } from '@twiin/patient-token'
import type { Bsn } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'

/** The attributes that queries are made of, by tag. */
export const key = {
  level: '00080052',
  studyDate: '00080020',
  seriesDate: '00080021',
  studyTime: '00080030',
  seriesTime: '00080031',
  sopClassUid: '00080016',
  sopInstanceUid: '00080018',
  accessionNumber: '00080050',
  retrieveAeTitle: '00080054',
  instanceAvailability: '00080056',
  modality: '00080060',
  modalitiesInStudy: '00080061',
  institutionName: '00080080',
  referringPhysician: '00080090',
  studyDescription: '00081030',
  seriesDescription: '0008103E',
  availableTransferSyntaxes: '00083002',
  patientName: '00100010',
  patientId: '00100020',
  issuerOfPatientId: '00100021',
  issuerQualifiers: '00100024',
  birthDate: '00100030',
  sex: '00100040',
  otherPatientIds: '00101002',
  bodyPart: '00180015',
  studyInstanceUid: '0020000D',
  seriesInstanceUid: '0020000E',
  studyId: '00200010',
  seriesNumber: '00200011',
  instanceNumber: '00200013',
  patientStudies: '00201200',
  patientSeries: '00201202',
  patientInstances: '00201204',
  studySeries: '00201206',
  studyInstances: '00201208',
  seriesInstances: '00201209',
  numberOfFrames: '00280008',
  rows: '00280010',
  columns: '00280011',
  universalEntityId: '00400032',
} as const

/** Who a query is about, when it says so beyond doubt. Both: a local number and a BSN that must be one person's. */
export interface NamedPatient {
  local?: { localId: string; issuer: string }
  bsn?: Bsn
}

/**
 * The patient by local number (own issuer unless another is named), or by BSN where its issuer says that it is one
 * (spec 13 §3): the same digits under any other issuer are no BSN. Undefined when the query names none, or by wildcard.
 * Throws `BSN_INVALID`.
 */
export function patientNamed(keys: Attributes, ownIssuer: string): NamedPatient | undefined {
  const ids = [keys, ...itemsOf(keys, key.otherPatientIds)]
    .map((of) => ({ id: single(of, key.patientId), of }))
    .filter(({ id }) => id !== undefined)
  const named: NamedPatient = {}
  for (const { id = '', of } of ids) {
    if (isCitizenNumber(of)) {
      const bsn = parseBsn(id)
      if (named.bsn !== undefined && named.bsn !== bsn) throw new TwiinError('BSN_INVALID')
      named.bsn = bsn
    } else if (of === keys) {
      named.local = { localId: id, issuer: single(of, key.issuerOfPatientId) ?? oidIn(of) ?? ownIssuer }
    }
  }
  return named.bsn === undefined && named.local === undefined ? undefined : named
}

function isCitizenNumber(of: Attributes): boolean {
  const issuer = textOf(of, key.issuerOfPatientId).trim().toUpperCase()
  return issuer === citizenNumberIssuer.name || (issuer === '' && oidIn(of) === citizenNumberIssuer.oid)
}

function oidIn(of: Attributes): string | undefined {
  const [qualifiers] = itemsOf(of, key.issuerQualifiers)
  return qualifiers === undefined ? undefined : single(qualifiers, key.universalEntityId)
}

/** The one value of a key, without wildcards. */
export function single(keys: Attributes, tag: string): string | undefined {
  const [value = '', ...others] = textsOf(keys, tag)
  return value === '' || others.length > 0 || /[*?]/.test(value) ? undefined : value
}

const dayMs = 86_400_000
/** As many days are looked up one by one. */
const mostDays = 400

/** The days (`YYYY-MM-DD`) of a Study Date key, newest first; undefined when there are none or too many. */
export function daysOf(keys: Attributes, today: number): string[] | undefined {
  const value = single(keys, key.studyDate)
  const range = /^(\d{8})(?: ?(-) ?(\d{8})?)?$/.exec(value ?? '')
  if (range === null) return undefined
  const [, from = '', hyphen, to] = range
  // A clock that is behind, or an object made ahead of its time: the end of an open range is a day beyond today.
  const last = hyphen === undefined ? dayOf(from) : to === undefined ? today + dayMs : dayOf(to)
  const first = dayOf(from)
  if (!(last >= first) || last - first > mostDays * dayMs) return undefined
  const days: string[] = []
  for (let day = last; day >= first - dayMs / 2; day -= dayMs)
    days.push(new Date(day).toISOString().slice(0, 10))
  return days
}

function dayOf(date: string): number {
  return Date.parse(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00Z`)
}

/** Without what named the patient: others know him by other numbers. */
export function withoutPatientNumbers(keys: Attributes): Attributes {
  const rest = new Map(keys)
  for (const tag of [key.patientId, key.issuerOfPatientId, key.issuerQualifiers, key.otherPatientIds]) {
    rest.delete(tag)
  }
  return rest
}
