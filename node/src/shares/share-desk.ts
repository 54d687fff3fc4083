import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { Person } from '../people/people-file.ts'
import { newLetterCode } from './codes.ts'
import type { CreateShare, GivenShare } from './create-share.ts'
import { reasonOf } from './make-shares.ts'
import { endOf, internationalNumber } from './phone-number.ts'
import type { ShareBook } from './share-book.ts'
import { lineOf } from './share-ends.ts'
import type { ShareEnds } from './share-ends.ts'
import { linkHashOf, linkIn } from './share-link.ts'
import { overReason, withEvent } from './share-record.ts'
import type { ShareRecord } from './share-record.ts'
import type { Tries } from './tries.ts'

interface Deps {
  book: ShareBook
  tries: Tries
  ends: ShareEnds
  creating: Pick<CreateShare, 'create'>
  account: Pick<Account, 'record'>
  /** To the number that codes went to until now; undefined where nothing can be sent. */
  tellOldNumber: ((before: ShareRecord) => Promise<void>) | undefined
  clock: Pick<Clock, 'now'>
  log: Logger
  random: (bytes: number) => Uint8Array
}

/** What staff do with a share that is there (spec 25 §6). */
export class ShareDesk {
  readonly #options: { publicUrl: string }
  readonly #deps: Deps

  constructor(options: { publicUrl: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Over, and the package gone, when it resolves. Throws `NOT_FOUND`, `SHARE_OVER`. */
  async revoke(id: string, person: Person): Promise<void> {
    const hasEnded = await this.#deps.ends.end(id, { state: 'revoked', user: person })
    if (!hasEnded) throw new TwiinError('SHARE_OVER')
  }

  /**
   * For a letter a new code, told once; for a telephone another number, of which the old one is told; unlocked. Throws
   * `NOT_FOUND`, `SHARE_OVER`, `FACTOR_HAS_NO_PHONE`, `PHONE_INVALID`.
   */
  async newCode(id: string, { phone }: { phone?: string }, person: Person): Promise<{ code?: string }> {
    const { book, tries, account, clock, random } = this.#deps
    const record = await this.#going(id)
    const { kind } = record.factor
    if (phone !== undefined && kind !== 'sms') throw new TwiinError('FACTOR_HAS_NO_PHONE')
    const number = phone === undefined ? undefined : internationalNumber(phone)
    const code = kind === 'letter' ? newLetterCode(random) : undefined
    await account.record({ ...lineOf(record), event: 'share-code', outcome: 'success', user: person })
    const event = { at: clock.now(), what: 'new-code', by: person.id } as const
    // Before it unlocks: no code goes to a number that is no longer theirs.
    await book.change(id, (before) =>
      number === undefined
        ? withEvent(before, event)
        : withEvent(
            { ...before, factor: { kind: 'sms', phone: number } },
            { ...event, phoneEnd: endOf(number) },
          ),
    )
    await tries.renew(kind, id, code)
    if (record.factor.kind === 'sms' && number !== undefined && number !== record.factor.phone)
      await this.#tellOldNumber(record)
    return code === undefined ? {} : { code }
  }

  /** The same studies for the same recipient; the old link is over. Throws what `create` throws, `NOT_FOUND`. */
  async newLink(id: string, person: Person): Promise<GivenShare> {
    const { book, ends, creating } = this.#deps
    const { order, recipient, factor, validDays, discussed } = await book.find(id)
    const given = await creating.create(
      {
        studyInstanceUids: order.studies.map(({ studyInstanceUid }) => studyInstanceUid),
        studies: order.studies,
        // Any search of this person that stands: the one of then is long over.
        ...{ reports: order.reports, downloads: order.downloads, language: order.language },
        ...{ recipient, secondFactor: factor, validDays, discussed },
      },
      person,
    )
    await ends.end(id, { state: 'revoked', user: person })
    return given
  }

  /**
   * The share whose link or code somebody of the staff brings to have it printed. Throws `NOT_FOUND`, `SHARE_OVER`,
   * `SHARE_SECRET_WRONG`: it is not that of this share.
   */
  async forLetter(id: string, secret: { url: string } | { code: string }): Promise<ShareRecord> {
    const record = await this.#going(id)
    const isRight =
      'url' in secret
        ? this.#linkHashIn(secret.url) === record.linkHash
        : record.factor.kind === 'letter' && (await this.#deps.tries.isCode('letter', id, secret.code))
    if (!isRight) throw new TwiinError('SHARE_SECRET_WRONG')
    return record
  }

  /** Who had the number learns of it; that it did not arrive undoes nothing. */
  async #tellOldNumber(before: ShareRecord): Promise<void> {
    const { tellOldNumber, log } = this.#deps
    await tellOldNumber?.(before).catch((error: unknown) =>
      log.warn('old number of a share not told', {
        ...{ share: before.id, code: codeOf(error), reason: reasonOf(error) },
      }),
    )
  }

  #linkHashIn(url: string): string | undefined {
    const link = linkIn(this.#options.publicUrl, url)
    return link === undefined ? undefined : linkHashOf(link)
  }

  async #going(id: string): Promise<ShareRecord> {
    const record = await this.#deps.book.find(id)
    if (overReason(record, this.#deps.clock.now()) !== undefined) throw new TwiinError('SHARE_OVER')
    return record
  }
}
