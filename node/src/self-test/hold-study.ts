import type { Bsn, PatientTokens } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import { deriveLocation } from '@twiin/study-index'
import type { IndexPublisher, PublishedStudy } from '@twiin/study-index'
import type { Account } from '../account/account.ts'
import type { ConsentBook } from '../consents/consent-book.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { OwnTokens } from '../publish/own-tokens.ts'
import type { Publication } from '../publish/publication.ts'
import { recordPart } from './record-part.ts'
import type { SelfTestRun } from './self-test-run.ts'
import { syntheticStudy } from './synthetic-study.ts'
import type { SyntheticStudy } from './synthetic-study.ts'

/** What has to be withdrawn after a crash. */
export interface HoldMark {
  number: Bsn
  /** 64 bytes. */
  token: Uint8Array
}

interface Deps {
  /** The keepers themselves: a token of nobody is not kept with those of patients. */
  tokens: PatientTokens
  publisher: IndexPublisher
  /** Run → what it put into the index, until that is withdrawn. */
  marks: Repository<HoldMark>
  patients: OwnPatients
  consents: ConsentBook
  ownTokens: OwnTokens
  publication: Pick<Publication, 'lookAgain'>
  sealer: Sealer
  account: Account
  epoch: () => number
}

/** The entry of this node's synthetic study: in the index while a run needs it, past holdings and consents. */
export class HoldStudy {
  readonly #self: { peerId: string }
  readonly #deps: Deps

  constructor(options: { self: { peerId: string } }, deps: Deps) {
    this.#self = options.self
    this.#deps = deps
  }

  /**
   * Resolves once every replica that answers has the entry.
   * Throws NUMBER_TAKEN, INDEX_UNREACHABLE, and what keepers and replicas throw.
   */
  async hold(run: SelfTestRun, peerId: string, signal: AbortSignal): Promise<SyntheticStudy> {
    const { tokens, publisher, marks, account, epoch } = this.#deps
    const study = run.held?.study ?? syntheticStudy(run.id, this.#self.peerId)
    const key = this.#keyOf(study.number)
    if (run.held === undefined) {
      if (await this.#isOurs(study.number)) throw new TwiinError('NUMBER_TAKEN')
      const asOf = epoch()
      const [token] = await tokens.tokens([study.number], 'publish')
      if (token === undefined || epoch() !== asOf) throw new TwiinError('TOKEN_UNAVAILABLE')
      const objects = { studyInstanceUids: [study.studyInstanceUid], count: 1 }
      await recordPart(account, run, 'hold', { peerId, objects })
      await marks.put(run.name, { number: study.number, token })
      await publisher.want(key, token, [publishedStudy(study)])
      run.held = { study, epoch: asOf, loc: deriveLocation(token, asOf) }
    }
    const { stored } = await publisher.settled(key, signal)
    if (stored.length === 0) throw new TwiinError('INDEX_UNREACHABLE')
    return study
  }

  /** A tombstone takes the place of the entry. Durable when it resolves; replicas follow. */
  async withdraw(run: Pick<SelfTestRun, 'name'>): Promise<void> {
    const { marks, publisher, publication, account } = this.#deps
    const mark = await marks.get(run.name)
    if (mark === undefined) return
    await recordPart(account, run, 'withdraw', {})
    // A patient may have come under this number meanwhile: what is then shown is not ours to take away.
    if (await this.#isOurs(mark.number)) publication.lookAgain(mark.number)
    else await publisher.want(this.#keyOf(mark.number), mark.token, undefined)
    await marks.delete(run.name)
  }

  /** What a crash left in the index. */
  async withdrawAll(): Promise<void> {
    const names: string[] = []
    for await (const [name] of this.#deps.marks.entries()) names.push(name)
    for (const name of names) await this.withdraw({ name })
  }

  /** Numbers that begin with 9999 are nobody's, but in a demo or a test network they are somebody's. */
  async #isOurs(number: Bsn): Promise<boolean> {
    const { patients, consents, ownTokens, epoch } = this.#deps
    if ((await patients.find(number)) !== undefined) return true
    if ((await consents.of(number)).length > 0) return true
    return (await ownTokens.get(epoch(), number)) !== undefined
  }

  /** As for a patient: two keys with one token would fight (see `IndexPublisher.want`). */
  #keyOf(number: Bsn): string {
    return this.#deps.sealer.opaque('patient', number)
  }
}

function publishedStudy({ handle }: SyntheticStudy): PublishedStudy {
  return { handle, modalities: ['OT'], region: '', size: 1 }
}
