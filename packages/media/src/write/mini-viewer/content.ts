export type Language = 'nl' | 'en'
export type Words = Readonly<Record<Language, string>>

/** A path in the zip of which `/` parts the names, as `PICTURES/ST000001/SE000001/IM000001.JPG`. */
export type PathInZip = string

export interface MiniViewerStudy {
  /** `YYYY-MM-DD` or ''. */
  date: string
  words: Words
  hospital: string
  series: readonly { words: Words; pictures: readonly PathInZip[] }[]
  /** `text` is shown as it is; `pdf` undefined or '' where there is none. */
  reports: readonly { title: string; date: string; text: string; pdf?: PathInZip | undefined }[]
}

/** All of it is text: nothing is taken as HTML. */
export interface MiniViewerContent {
  hospital: string
  /** Of the pages as they open; the reader may choose the other. */
  language: Language
  /** As it is said, or ''. */
  patient: string
  /** `YYYY-MM-DD`. */
  madeAt: string
  /** Whether DICOMDIR and DICOM stand beside it. */
  dicom: boolean
  studies: readonly MiniViewerStudy[]
}
