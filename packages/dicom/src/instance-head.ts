/** An identifier of a patient and who gave it out. */
export interface PatientIdentifier {
  id: string
  /** Issuer of Patient ID (0010,0021). */
  issuer?: string
  /** Universal Entity ID (0040,0032) in the Issuer of Patient ID Qualifiers Sequence (0010,0024). */
  issuerOid?: string
}

/** What we index of one instance. Holds patient data: never log it. */
export interface InstanceHead {
  sopClassUid: string
  sopInstanceUid: string
  studyInstanceUid: string
  seriesInstanceUid: string
  patientId?: PatientIdentifier
  /** Other Patient IDs Sequence (0010,1002). */
  otherPatientIds: PatientIdentifier[]
  /** Other Patient IDs (0010,1000), retired and without issuer. */
  legacyOtherPatientIds: string[]
  /** Decoded, with all its components and representations (`Doe^Jane`, `Yamada^Tarou=山田^太郎`); '' when absent. */
  patientName: string
  /** `YYYY-MM-DD`; absent when the element is empty or no date. */
  birthDate?: string
  sex?: string
  accessionNumber?: string
  /** `YYYY-MM-DD` */
  studyDate?: string
  /** `HH:MM:SS` */
  studyTime?: string
  modality?: string
  studyDescription?: string
  seriesDescription?: string
  bodyPart?: string
  seriesNumber?: number
  instanceNumber?: number
  numberOfFrames?: number
  institution?: string
  /** Institutional Department Name (0008,1040). */
  department?: string
  studyId?: string
  referringPhysician?: string
  /** `YYYY-MM-DD` */
  seriesDate?: string
  /** `HH:MM:SS` */
  seriesTime?: string
  /** Requesting Service (0032,1033), or the referring physician's department; read with `request` only. */
  referringDepartment?: string
  /** Requested Procedure Priority (0040,1003), or Study Priority ID (0032,000C); read with `request` only. */
  priority?: string
  rows?: number
  columns?: number
}
