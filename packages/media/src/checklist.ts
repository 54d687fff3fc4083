import { readDirectory } from '@twiin/dicom'
import { isTwiinError } from '@twiin/runtime'
import type { Problems } from './disc-contents.ts'
import type { Place } from './media-source.ts'
import { comparable } from './names.ts'

type Kind = 'dicom' | 'other'

/** What DICOMDIR says should be on the disc, held against what is (spec 19 §1). */
export class Checklist {
  readonly #problems: Problems
  /** Comparable place → ordinal of the file. */
  readonly #byPlace = new Map<string, number>()
  readonly #kinds = new Map<number, Kind>()
  readonly #places = new Map<number, Place>()
  readonly #directories: { place: Place; bytes: Uint8Array }[] = []
  #unreadable = 0

  constructor(deps: { problems: Problems }) {
    this.#problems = deps.problems
  }

  file(ordinal: number, places: readonly Place[], kind: Kind): void {
    for (const place of places) this.#byPlace.set(comparable(place), ordinal)
    this.#kinds.set(ordinal, kind)
    if (kind === 'dicom' && places[0] !== undefined) this.#places.set(ordinal, places[0])
  }

  directory(place: Place, bytes: Uint8Array): void {
    this.#directories.push({ place, bytes })
  }

  unreadableDirectory(place: Place): void {
    this.#unreadable++
    this.#problems.note('DICOMDIR_UNREADABLE', place)
  }

  /** Returns how many files the directories name. `isHere`: by SOP Instance UID. */
  async check(isHere: (sopInstanceUid: string) => boolean): Promise<number> {
    const listed = new Set<number>()
    let count = 0
    let read = 0
    for (const { place, bytes } of this.#directories) {
      const records = await this.#read(place, bytes)
      if (records === undefined) continue
      read++
      for (const { fileId, sopInstanceUid } of records) {
        if (fileId === undefined) continue
        count++
        this.#find(place.slice(0, -1), fileId, sopInstanceUid, listed, isHere)
      }
    }
    if (this.#directories.length + this.#unreadable === 0) this.#problems.note('DICOMDIR_MISSING')
    // Without any directory that could be read nothing is listed, and that has been said.
    if (read > 0)
      for (const [ordinal, place] of this.#places)
        if (!listed.has(ordinal)) this.#problems.note('NOT_LISTED', place)
    return count
  }

  async #read(place: Place, bytes: Uint8Array) {
    try {
      const { records, unreached, broken } = await readDirectory(bytes)
      if (broken !== undefined) this.#problems.note('DICOMDIR_UNREADABLE', place)
      if (unreached > 0) this.#problems.note('DICOMDIR_OFFSETS', place, unreached)
      return records
    } catch (error) {
      if (!isTwiinError(error, 'DICOM_UNREADABLE')) throw error
      this.unreadableDirectory(place)
      return undefined
    }
  }

  #find(
    folder: Place,
    fileId: string,
    sopInstanceUid: string | undefined,
    listed: Set<number>,
    isHere: (sopInstanceUid: string) => boolean,
  ): void {
    const names = fileId.split(/[\\/]/).map((name) => name.trim())
    const place = names.filter((name) => name !== '' && name !== '.')
    if (place.includes('..') || /^[A-Za-z]:/.test(fileId))
      return this.#problems.note('NAME_REFUSED', [fileId])
    const ordinal = this.#byPlace.get(comparable([...folder, ...place]))
    if (ordinal === undefined) {
      // It may lie there under another name: names cut to 8.3, or changed by who burned the disc.
      if (sopInstanceUid === undefined || !isHere(sopInstanceUid))
        this.#problems.note('LISTED_MISSING', place)
    } else if (this.#kinds.get(ordinal) === 'dicom') {
      listed.add(ordinal)
    } else {
      this.#problems.note('LISTED_NOT_DICOM', place)
    }
  }
}
