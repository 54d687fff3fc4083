import {
  authorInstance,
  codeItem,
  contextAttributes,
  dcm,
  referencedSop,
  referencesByStudy,
} from './authored-instance.ts'
import type { AuthoredInstance, Concept, DocumentContext, InstanceReference } from './authored-instance.ts'
import type { NaturalDataSet } from './dcmjs.ts'
import { textValue } from './structured-report.ts'

/** PS3.4 annex B.5: Key Object Selection Document Storage. */
export const keyObjectSelection = '1.2.840.10008.5.1.4.1.1.88.59'

export type RejectionTitle = 'quality' | 'patient-safety' | 'worklist-entry' | 'retention'

/** Titles that take instances back (PS3.16 CID 7010; IHE RAD TF-2 §4.66, IOCM). */
export const rejectionTitles: Readonly<Record<RejectionTitle, Concept>> = {
  quality: dcm('113001', 'Rejected for Quality Reasons'),
  'patient-safety': dcm('113037', 'Rejected for Patient Safety Reasons'),
  'worklist-entry': dcm('113038', 'Incorrect Modality Worklist Entry'),
  retention: dcm('113039', 'Data Retention Policy Expired'),
}

export interface RejectionNoteOptions extends DocumentContext {
  title: RejectionTitle
  /** Why, in words. */
  reason: string
  rejected: readonly InstanceReference[]
}

/** A rejection note: a Key Object Selection document (PS3.3 §A.35.4) by TID 2010. The same options give the same bytes. */
export function authorRejectionNote(options: RejectionNoteOptions): AuthoredInstance {
  const { title, reason, rejected } = options
  return authorInstance(keyObjectSelection, {
    ...contextAttributes(options),
    ReferencedPerformedProcedureStepSequence: [],
    Modality: 'KO',
    CurrentRequestedProcedureEvidenceSequence: referencesByStudy(rejected),
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [codeItem(rejectionTitles[title])],
    ContinuityOfContent: 'SEPARATE',
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '2010' }],
    ContentSequence: [
      // TID 2010 row 3: obligatory with this title. CID 7011.
      ...(title === 'quality' ? [qualityModifier] : []),
      ...(reason === '' ? [] : [description(reason)]),
      ...rejected.map(reference),
    ],
  })
}

const qualityModifier: NaturalDataSet = {
  RelationshipType: 'HAS CONCEPT MOD',
  ValueType: 'CODE',
  ConceptNameCodeSequence: [codeItem(dcm('113011', 'Document Title Modifier'))],
  ConceptCodeSequence: [codeItem(dcm('111220', 'Other failure'))],
}

function description(reason: string): NaturalDataSet {
  return {
    RelationshipType: 'CONTAINS',
    ValueType: 'TEXT',
    ConceptNameCodeSequence: [codeItem(dcm('113012', 'Key Object Description'))],
    TextValue: textValue(reason),
  }
}

function reference(instance: InstanceReference): NaturalDataSet {
  return {
    RelationshipType: 'CONTAINS',
    ValueType: isImage(instance.sopClassUid) ? 'IMAGE' : 'COMPOSITE',
    ReferencedSOPSequence: [referencedSop(instance)],
  }
}

/** Documents and presentation states are composites; nearly everything else has pixels (PS3.4 annex B.5). */
const isImage = (sopClassUid: string) =>
  !/^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:88|104|11|9|66|67|481\.[3-9])(?:\.|$)/.test(sopClassUid)
