import { decodeText, parseCharacterSets } from './character-set.ts'
import type { TextKind } from './character-set.ts'
import type { Encoding } from './element-header.ts'
import { readElements, readItems } from './element-spans.ts'
import type { Element } from './element-spans.ts'
import type { InstanceHead, PatientIdentifier } from './instance-head.ts'
import { uidText } from './part10.ts'
import { describeTag, tags } from './tags.ts'
import { isUid } from './uid.ts'
import { unreadable } from './unreadable.ts'

/** Longer than any text we index, by far. */
const maxTextBytes = 16 * 1024

const wantedInItems: ReadonlySet<number> = new Set([
  tags.specificCharacterSet,
  tags.patientId,
  tags.issuerOfPatientId,
  tags.issuerOfPatientIdQualifiersSequence,
  tags.universalEntityId,
  tags.requestingService,
  tags.institutionalDepartmentName,
])

/** The elements' values as text, dates and numbers. */
export class HeadText {
  readonly #elements: Map<number, Element>
  readonly #encoding: Encoding
  readonly #characterSets: readonly string[]

  constructor(elements: Map<number, Element>, encoding: Encoding, inherited: readonly string[] = ['']) {
    this.#elements = elements
    this.#encoding = encoding
    const declared = elements.get(tags.specificCharacterSet)?.value
    this.#characterSets = declared === undefined ? inherited : parseCharacterSets(declared)
  }

  head(): InstanceHead {
    const patientId = this.#identifier()
    return {
      sopClassUid: this.#uid(tags.sopClassUid),
      sopInstanceUid: this.#uid(tags.sopInstanceUid),
      studyInstanceUid: this.#uid(tags.studyInstanceUid),
      seriesInstanceUid: this.#uid(tags.seriesInstanceUid),
      ...(patientId === undefined ? {} : { patientId }),
      otherPatientIds: this.#items(tags.otherPatientIdsSequence)
        .map((item) => item.#identifier())
        .filter((identifier) => identifier !== undefined),
      legacyOtherPatientIds: (this.#text(tags.otherPatientIds) ?? '')
        .split('\\')
        .map((id) => id.trim())
        .filter((id) => id !== ''),
      patientName: trimName(this.#text(tags.patientName, 'name') ?? ''),
      ...defined({
        birthDate: isoDate(this.#text(tags.patientBirthDate)),
        sex: this.#text(tags.patientSex),
        accessionNumber: this.#text(tags.accessionNumber),
        studyDate: isoDate(this.#text(tags.studyDate)),
        studyTime: isoTime(this.#text(tags.studyTime)),
        modality: this.#text(tags.modality),
        studyDescription: this.#text(tags.studyDescription),
        seriesDescription: this.#text(tags.seriesDescription),
        bodyPart: this.#text(tags.bodyPartExamined),
        institution: this.#text(tags.institutionName),
        department: this.#text(tags.institutionalDepartmentName),
        referringDepartment: this.#referringDepartment(),
        priority: this.#text(tags.requestedProcedurePriority) ?? this.#text(tags.studyPriorityId),
        studyId: this.#text(tags.studyId),
        referringPhysician: nameOrNone(this.#text(tags.referringPhysicianName, 'name')),
        seriesDate: isoDate(this.#text(tags.seriesDate)),
        seriesTime: isoTime(this.#text(tags.seriesTime)),
      }),
      ...defined({
        seriesNumber: integer(this.#text(tags.seriesNumber)),
        instanceNumber: integer(this.#text(tags.instanceNumber)),
        numberOfFrames: integer(this.#text(tags.numberOfFrames)),
        rows: this.#unsigned(tags.rows),
        columns: this.#unsigned(tags.columns),
      }),
    }
  }

  #referringDepartment(): string | undefined {
    const inItems = (sequence: number, tag: number) =>
      this.#items(sequence)
        .map((item) => item.#text(tag))
        .find((text) => text !== undefined)
    return (
      this.#text(tags.requestingService) ??
      inItems(tags.requestAttributesSequence, tags.requestingService) ??
      inItems(tags.referringPhysicianIdentificationSequence, tags.institutionalDepartmentName)
    )
  }

  #identifier(): PatientIdentifier | undefined {
    const id = this.#text(tags.patientId)
    if (id === undefined) return undefined
    const [oid] = this.#items(tags.issuerOfPatientIdQualifiersSequence).map((item) =>
      item.#text(tags.universalEntityId),
    )
    return {
      id,
      ...defined({
        issuer: this.#text(tags.issuerOfPatientId),
        issuerOid: oid !== undefined && isUid(oid) ? oid : undefined,
      }),
    }
  }

  #uid(tag: number): string {
    const uid = uidText(this.#elements.get(tag)?.value ?? new Uint8Array(0))
    if (!isUid(uid)) throw unreadable(`no valid UID in ${describeTag(tag)}`)
    return uid
  }

  /** Undefined when the element is absent or holds nothing. */
  #text(tag: number, kind: TextKind = 'text'): string | undefined {
    const value = this.#elements.get(tag)?.value
    if (value === undefined) return undefined
    if (value.length > maxTextBytes) throw unreadable(`${describeTag(tag)} is too long`)
    const text = decodeText(value, this.#characterSets, kind).replaceAll('\0', '').trim()
    return text === '' ? undefined : text
  }

  /** Of VR US. */
  #unsigned(tag: number): number | undefined {
    const [first, second] = this.#elements.get(tag)?.value ?? []
    if (first === undefined || second === undefined) return undefined
    return this.#encoding.littleEndian ? first | (second << 8) : (first << 8) | second
  }

  #items(tag: number): HeadText[] {
    const sequence = this.#elements.get(tag)
    if (sequence === undefined) return []
    const { items, encoding } = readItems(sequence, this.#encoding)
    return items.map(
      (item) => new HeadText(readElements(item, encoding, wantedInItems), encoding, this.#characterSets),
    )
  }
}

/** Without the empty components that may end a name or be left out (PS3.5 §6.2.1). */
function trimName(name: string): string {
  const representations = name.split('=').map((part) => part.replace(/[\^ ]+$/, ''))
  return representations.join('=').replace(/=+$/, '')
}

function nameOrNone(name: string | undefined): string | undefined {
  const trimmed = trimName(name ?? '')
  return trimmed === '' ? undefined : trimmed
}

/** `YYYYMMDD`, or the `YYYY.MM.DD` of ACR-NEMA, that exists in the calendar. */
function isoDate(text: string | undefined): string | undefined {
  const [, year, month, day] = /^(\d{4})(?:(?=\d)|\.)(\d\d)\.?(\d\d)$/.exec(text ?? '') ?? []
  const iso = `${year}-${month}-${day}`
  const date = new Date(`${iso}T00:00:00Z`)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso ? undefined : iso
}

/** `HHMMSS.FFFFFF`, cut off anywhere after the hours. */
function isoTime(text: string | undefined): string | undefined {
  const [, hours, minutes = '00', seconds = '00'] =
    /^([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(?:\.\d*)?)?)?$/.exec(text ?? '') ?? []
  return hours === undefined ? undefined : `${hours}:${minutes}:${seconds}`
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d{1,12}$/.test(text) ? Number(text) : undefined
}

function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}
