import type { Manifest, ManifestStudy } from '@twiin/share-package'
import type { LinkFacts } from './page.ts'
import { dayInWords, textsOf } from './wording.ts'

/** What the pages behind the second factor know, wherever they are made. */
export interface ViewFacts extends Pick<LinkFacts, 'language' | 'link' | 'helpPhone' | 'hospital'> {
  expiresAt: number
  recipient: 'patient' | 'professional'
  /** Made in the browser: with controls that need a script, and pictures that it fills in. */
  script: boolean
}

/** Which picture: by number, from 0. */
export interface Place {
  study: number
  series: number
  picture: number
}

export const studyAddress = ({ study, series, picture }: Place): string =>
  `study/${study}/${series}/${picture}`

/** `14 maart 2026, hoofd`: a study in one breath. */
export function studyName(study: ManifestStudy, facts: Pick<LinkFacts, 'language'>): string {
  const day = dayInWords(study.date, facts.language) || textsOf(facts.language).dateUnknown
  return `${study.words[facts.language]}, ${day}`
}

/** The first place in a study with a picture. */
export function firstPlace(manifest: Manifest, study: number): Place | undefined {
  const series = manifest.studies[study]?.series.findIndex(({ pictures }) => pictures.length > 0) ?? -1
  return series < 0 ? undefined : { study, series, picture: 0 }
}

export const picturesOf = (study: ManifestStudy): number =>
  study.series.reduce((sum, { pictures }) => sum + pictures.length, 0)
