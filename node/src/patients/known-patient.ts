/** A number that one issuer gives out once. */
export interface PatientNumber {
  localId: string
  issuer: string
}

/** What a source may say itself that it is unsure of (HL7 table 0445; PID-31). */
export type Doubt = 'name' | 'birthDate' | 'bsn'

/** A person as this hospital knows him, from its patient administration or its PACS. */
export interface KnownPatient extends PatientNumber {
  /** As DICOM writes them (`family^given`), all that he goes by; the first is the one to show. May be empty. */
  names: readonly string[]
  /** `YYYY-MM-DD`, or what is known of it: `YYYY-MM`, `YYYY`, or empty. */
  birthDate: string
  /** M, F, O, or empty when not known. */
  sex: string
  /** One that passes the eleven test. */
  bsn?: string
  doubts: readonly Doubt[]
}

/** Whom the hospital knows. Merged numbers are nobody's any more: what is found is whom they were merged into. */
export interface PatientsKnown {
  byBsn(bsn: string): Promise<KnownPatient[]>
  /** Born on that day, with that family name or one of its parts. */
  alike(name: string, birthDate: string): Promise<KnownPatient[]>
  /** Who has this number now: after a merge, the survivor. */
  numbered(number: PatientNumber): Promise<KnownPatient | undefined>
}
