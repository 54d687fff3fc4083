import type { PatientTokens } from '@twiin/patient-token'
import { TwiinError, codeOf } from '@twiin/runtime'
import { deriveLocation } from '@twiin/study-index'
import type { IndexReader } from '@twiin/study-index'
import type { Account } from '../account/account.ts'
import type { HolderAnswer, HolderQuestion } from '../find/ask-holder.ts'
import { recordPart } from './record-part.ts'
import { selfTestUser } from './self-test-run.ts'
import type { SelfTestRun } from './self-test-run.ts'
import { syntheticStudy } from './synthetic-study.ts'
import type { SyntheticStudy } from './synthetic-study.ts'

interface Deps {
  tokens: PatientTokens
  reader: IndexReader
  ask: (question: HolderQuestion, peerId: string) => Promise<HolderAnswer>
  account: Account
  epoch: () => number
  random: (bytes: number) => Uint8Array
}

/** Looks for the peer's synthetic study as a radiologist would for a patient: keepers, index, holder. */
export class FindStudy {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Throws INDEX_UNREACHABLE, ENTRY_NOT_FOUND, STUDY_OTHER, the holder's refusal, and what asking throws. */
  async find(run: SelfTestRun, peerId: string, signal: AbortSignal): Promise<SyntheticStudy> {
    const { account } = this.#deps
    const study = syntheticStudy(run.id, peerId)
    const objects = { studyInstanceUids: [study.studyInstanceUid], count: 1 }
    try {
      await this.#lookFor(study, peerId, signal)
    } catch (error) {
      const reason = codeOf(error)
      await recordPart(account, run, 'find', { peerId, objects, outcome: 'failed', reason })
      throw error
    }
    await recordPart(account, run, 'find', { peerId, objects })
    return study
  }

  async #lookFor(study: SyntheticStudy, peerId: string, signal: AbortSignal): Promise<void> {
    const { tokens, reader, ask, epoch, random } = this.#deps
    const asOf = epoch()
    const [token] = await tokens.tokens([study.number], 'lookup', selfTestUser.id)
    if (token === undefined || epoch() !== asOf) throw new TwiinError('TOKEN_UNAVAILABLE')
    const { publishers, answered } = await reader.find(token, signal)
    // Others may hold a patient of a test network under the same number: they are none of this.
    const entry = publishers.find((publisher) => publisher.peerId === peerId)?.entry
    if (entry === undefined) throw new TwiinError(answered === 0 ? 'INDEX_UNREACHABLE' : 'ENTRY_NOT_FOUND')
    if (!entry.studies.some(({ handle }) => Buffer.from(study.handle).equals(handle)))
      throw new TwiinError('STUDY_OTHER')
    const { answer } = await ask(
      {
        id: Buffer.from(random(16)).toString('hex'),
        epoch: asOf,
        loc: deriveLocation(token, asOf),
        person: selfTestUser,
        purpose: { basis: 'treatment', reason: 'self-test' },
        birthDate: undefined,
      },
      peerId,
    )
    if (answer.status === 'refused') throw new TwiinError(answer.reason)
    const [found, ...others] = answer.studies
    if (found?.studyInstanceUid !== study.studyInstanceUid || others.length > 0)
      throw new TwiinError('STUDY_OTHER')
  }
}
