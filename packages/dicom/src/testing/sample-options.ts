export type SampleKind = 'CT' | 'MR' | 'CR' | 'US' | 'SR' | 'PDF'

export interface SamplePatient {
  id: string
  issuer?: string
  /** Written as an Other Patient IDs Sequence item with issuer NLMINBIZA. */
  bsn?: string
  /** DICOM form: `Jansen^Eléonore`. */
  name: string
  /** `YYYY-MM-DD` */
  birthDate: string
  sex: 'M' | 'F' | 'O'
}

export interface SampleStudyOptions {
  kind: SampleKind
  patient: SamplePatient
  /** `YYYY-MM-DD` */
  studyDate: string
  description: string
  institution: string
  /** Default: CT 12, MR 10, the others 1. */
  instances?: number
  /** Rows and columns. Default 256. */
  size?: number
  /** Equal options give equal bytes. */
  seed: string
  /** To add a series (a report, say) to an existing study. */
  studyInstanceUid?: string
  accessionNumber?: string
  /** What a report is about. */
  evidence?: readonly SampleReference[]
}

export interface SampleReference {
  sopClassUid: string
  sopInstanceUid: string
  studyInstanceUid: string
  seriesInstanceUid: string
}

export interface SampleInstance extends SampleReference {
  fileName: string
  /** The whole Part 10 file, explicit VR little endian. */
  bytes: Buffer
  transferSyntaxUid: string
  dataSetOffset: number
}
