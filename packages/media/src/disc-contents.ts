import type { Place } from './media-source.ts'

/** What is not as it should be on a disc (spec 19 §3). */
export type ProblemCode =
  | 'DICOMDIR_MISSING'
  | 'DICOMDIR_UNREADABLE'
  | 'DICOMDIR_OFFSETS'
  | 'LISTED_MISSING'
  | 'LISTED_NOT_DICOM'
  | 'NOT_LISTED'
  | 'NAME_REFUSED'
  | 'LINK_NOT_FOLLOWED'
  | 'FILE_UNREADABLE'
  | 'HEAD_UNREADABLE'
  | 'SAME_INSTANCE_TWICE'
  | 'SAME_INSTANCE_DIFFERS'
  | 'PATIENT_UNCLEAR'

export interface DiscProblem {
  code: ProblemCode
  count: number
  /** Up to five places on the disc, for people: they may hold patient data. */
  places: readonly string[]
}

/** One object of the disc, and where its bytes are. */
export interface DiscInstance {
  /** Of its file in the source. */
  ordinal: number
  /** Where the data set begins in the file, and its length. */
  offset: number
  size: number
  sha256: string
  sopClassUid: string
  sopInstanceUid: string
  seriesInstanceUid: string
  transferSyntaxUid: string
}

export interface DiscStudy {
  studyInstanceUid: string
  /** `YYYY-MM-DD`, or empty. */
  studyDate: string
  description: string
  accessionNumber: string
  institution: string
  modalities: string[]
  series: number
  bytes: number
  instances: DiscInstance[]
}

/** A patient as the files name him: who differs in any of the first four is another. */
export interface DiscPatient {
  /** Names him within this disc. */
  key: string
  localId: string
  issuer: string
  name: string
  /** `YYYY-MM-DD`, or empty. */
  birthDate: string
  sex: string
  citizenNumbers: string[]
  studies: DiscStudy[]
}

export interface DiscCounts {
  files: number
  /** Objects taken up under a patient. */
  dicom: number
  ballast: number
  other: number
  /** Records of DICOMDIR that mean a file. */
  listed: number
}

export interface DiscContents {
  format: 'folder' | 'iso9660' | 'zip'
  counts: DiscCounts
  problems: DiscProblem[]
  patients: DiscPatient[]
}

const placesEach = 5

/** Problems by code, counted, with the first few places. */
export class Problems {
  readonly #found = new Map<ProblemCode, { count: number; places: string[] }>()

  note(code: ProblemCode, place: Place = [], count = 1): void {
    const problem = this.#found.get(code) ?? { count: 0, places: [] }
    problem.count += count
    if (place.length > 0 && problem.places.length < placesEach)
      problem.places.push(place.join('/').slice(0, 200))
    this.#found.set(code, problem)
  }

  list(): DiscProblem[] {
    return [...this.#found].map(([code, problem]) => ({ code, ...problem }))
  }
}
