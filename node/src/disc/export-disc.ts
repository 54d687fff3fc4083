import { writeDisc } from '@twiin/media'
import type { DiscSource } from '@twiin/media'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { Person } from '../people/people-file.ts'

export interface ExportOrder {
  studyInstanceUids: readonly string[]
  recipient: string
  reason: string
  format: 'zip' | 'iso'
  language: 'nl' | 'en'
  password?: string
}

interface Deps {
  studies: Pick<Holdings, 'instances' | 'readDataSet'>
  house: Pick<HouseStudies, 'copyToGive'>
  account: Account
  clock: Clock
  random: (bytes: number) => Uint8Array
}

/** A disc for who has no node (J10, spec 19 §5). */
export class ExportDisc {
  readonly #options: { from: string }
  readonly #deps: Deps

  constructor(options: { from: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /**
   * On record when it resolves; the bytes are made while they are read. A disc that was not read to its end is a second
   * line. Throws `STUDY_UNKNOWN`, `ISO_FILE_TOO_LARGE`, `DISC_TOO_LARGE`, and what reading an instance threw.
   */
  async write(order: ExportOrder, user: Person): Promise<AsyncGenerator<Uint8Array>> {
    const { clock, random } = this.#deps
    const chosen = new Map<string, StudyRecord>()
    const sources: DiscSource[] = []
    for (const uid of new Set(order.studyInstanceUids)) {
      const study = await this.#deps.house.copyToGive(uid)
      if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
      chosen.set(uid, study)
      for await (const instance of this.#deps.studies.instances(study.handle))
        sources.push({
          ...instance,
          read: (length) => this.#deps.studies.readDataSet(instance, length === undefined ? {} : { length }),
        })
    }
    const { format, language, recipient, password } = order
    const disc = await writeDisc(
      {
        ...{ format, language, recipient, from: this.#options.from },
        ...(password === undefined ? {} : { password }),
        at: new Date(clock.now()),
        sopInstanceUid: `2.25.${BigInt(`0x${Buffer.from(random(16)).toString('hex')}`)}`,
      },
      sources,
    )
    const lines = [...chosen.values()].map((study) => lineFor(study, order, user))
    for (const line of lines) await this.#deps.account.record({ ...line, outcome: 'success' })
    return this.#watched(disc.read(), lines)
  }

  async *#watched(
    bytes: AsyncGenerator<Uint8Array>,
    lines: readonly ReturnType<typeof lineFor>[],
  ): AsyncGenerator<Uint8Array> {
    let reason: string | undefined = 'CONNECTION_LOST'
    try {
      yield* bytes
      reason = undefined
    } catch (error) {
      reason = codeOf(error)
      throw error
    } finally {
      if (reason !== undefined)
        for (const line of lines) await this.#deps.account.record({ ...line, outcome: 'failed', reason })
    }
  }
}

function lineFor(study: StudyRecord, { recipient, reason }: ExportOrder, user: Person) {
  return {
    event: 'media-export' as const,
    user,
    patient: patientOnRecord(study),
    objects: { studyInstanceUids: [study.studyInstanceUid], count: study.instances },
    purpose: { basis: 'disc', reason },
    protocol: `disc to ${recipient}`,
  }
}
