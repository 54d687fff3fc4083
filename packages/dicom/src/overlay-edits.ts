import { TwiinError } from '@twiin/runtime'
import { decodeText } from './character-set.ts'
import { encodeElement, encodeItem, encodeSequence } from './element-encoding.ts'
import type { Encoding } from './element-header.ts'
import { readElements, readItems } from './element-spans.ts'
import type { Element } from './element-spans.ts'
import type { PatientIdentifier } from './instance-head.ts'
import { describeTag, tags } from './tags.ts'
import { isUid } from './uid.ts'

/** The identifiers an object gets when it leaves the node (spec 05 §6); whatever is left out stays as it is. */
export interface EgressOverlay {
  /** Replaces PatientID and its issuer; an issuer or OID left out is removed, for the old one did not give out this number. */
  patientId?: PatientIdentifier
  accession?: { number: string; issuer?: string }
  /** For the audit trail in the object (Original Attributes Sequence, PS3.3 C.12.1). */
  modifyingSystem: string
  source?: string
  at: Date
}

/** What one attribute has to be. */
export interface Edit {
  tag: number
  vr: 'LO' | 'SH' | 'SQ'
  /** The element to write; undefined removes it. */
  wanted: Uint8Array | undefined
  /** True when the element (or its absence) already says what is wanted: then it stays byte for byte. */
  isSatisfiedBy(original: Element | undefined): boolean
}

/** The edits in tag order. Throws `OVERLAY_INVALID` with the attribute when a value does not fit DICOM. */
export function planEdits(overlay: EgressOverlay, encoding: Encoding): Edit[] {
  const { patientId, accession } = overlay
  const edits: Edit[] = []
  if (accession !== undefined) {
    edits.push(textEdit(tags.accessionNumber, 'SH', accession.number, encoding))
    edits.push(authorityEdit(tags.issuerOfAccessionNumberSequence, accession.issuer, encoding))
  }
  if (patientId !== undefined) {
    if (patientId.issuerOid !== undefined && !isUid(patientId.issuerOid)) {
      throw invalid(tags.issuerOfPatientIdQualifiersSequence)
    }
    if (patientId.id.trim() === '') throw invalid(tags.patientId)
    edits.push(textEdit(tags.patientId, 'LO', patientId.id, encoding))
    edits.push(textEdit(tags.issuerOfPatientId, 'LO', patientId.issuer, encoding))
    edits.push(authorityEdit(tags.issuerOfPatientIdQualifiersSequence, patientId.issuerOid, encoding))
  }
  return edits
}

const maxCharacters = { LO: 64, SH: 16, UT: 1024 }

function textEdit(tag: number, vr: 'LO' | 'SH', text: string | undefined, encoding: Encoding): Edit {
  if (text !== undefined) requireAscii(tag, vr, text)
  return {
    tag,
    vr,
    wanted: text === undefined ? undefined : encodeElement(tag, vr, text, encoding),
    // Identifiers are ASCII, which reads the same in every character set.
    isSatisfiedBy: (original) => plainText(original) === (text ?? '').trim(),
  }
}

/** A sequence with the one item that names an assigning authority, by OID or by local name (PS3.3 table 10-17). */
function authorityEdit(tag: number, authority: string | undefined, encoding: Encoding): Edit {
  const name = authority ?? ''
  if (authority !== undefined) requireAscii(tag, 'UT', authority)
  const element = (of: number, vr: string, text: string) => encodeElement(of, vr, text, encoding)
  const content = isUid(name)
    ? [element(tags.universalEntityId, 'UT', name), element(tags.universalEntityIdType, 'CS', 'ISO')]
    : [element(tags.localNamespaceEntityId, 'UT', name)]
  return {
    tag,
    vr: 'SQ',
    wanted:
      authority === undefined ? undefined : encodeSequence(tag, [encodeItem(content, encoding)], encoding),
    isSatisfiedBy: (original) => {
      const authorities = original === undefined ? [] : authoritiesIn(original, encoding)
      return authority === undefined ? authorities.length === 0 : authorities.join('\\') === authority
    },
  }
}

const authorityNames: ReadonlySet<number> = new Set([tags.universalEntityId, tags.localNamespaceEntityId])

/** One entry per item: its OID, else its local name. */
function authoritiesIn(sequence: Element, encoding: Encoding): string[] {
  const { items, encoding: inner } = readItems(sequence, encoding)
  return items.map((item) => {
    const elements = readElements(item, inner, authorityNames)
    return (
      plainText(elements.get(tags.universalEntityId)) || plainText(elements.get(tags.localNamespaceEntityId))
    )
  })
}

function plainText(element: Element | undefined): string {
  return decodeText(element?.value ?? new Uint8Array(0), [], 'text')
    .replaceAll('\0', '')
    .trim()
}

function requireAscii(tag: number, vr: keyof typeof maxCharacters, text: string): void {
  if (!/^[\x20-\x5b\x5d-\x7e]+$/.test(text) || text.length > maxCharacters[vr]) throw invalid(tag)
}

function invalid(tag: number): TwiinError<'OVERLAY_INVALID'> {
  return new TwiinError('OVERLAY_INVALID', { attribute: describeTag(tag) })
}
