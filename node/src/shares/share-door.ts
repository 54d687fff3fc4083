import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { Entered, Happening, Network, OpenShare, PatientDoor, Proof, Sight } from './patient-door.ts'
import { reasonOf } from './make-shares.ts'
import type { ShareBook } from './share-book.ts'
import { lineOf, recipientOf } from './share-ends.ts'
import type { ShareEnds } from './share-ends.ts'
import { overReason, withEvent } from './share-record.ts'
import type { ShareRecord } from './share-record.ts'
import { closedBy } from './try-counts.ts'
import type { Tries } from './tries.ts'

interface Deps {
  book: ShareBook
  tries: Tries
  ends: ShareEnds
  account: Pick<Account, 'record'>
  /** A code, to a telephone, in words of the recipient's language; undefined where nothing can be sent. */
  sendCode: ((record: ShareRecord, code: string) => Promise<void>) | undefined
  clock: Pick<Clock, 'now'>
  log: Logger
}

/** Why no session begins for who is right. */
function closedFor(record: ShareRecord, now: number): Entered | undefined {
  const reason = overReason(record, now)
  if (reason !== undefined) return { outcome: 'over', reason }
  if (record.opensAt > now) return { outcome: 'early', opensAt: record.opensAt }
  return record.state === 'preparing' ? { outcome: 'preparing' } : undefined
}

const seen = { viewed: 'share-viewed', downloaded: 'share-downloaded' } as const satisfies Record<
  Sight,
  string
>

/** What the pages for patients may do with shares (spec 25 §4). */
export class ShareDoor implements PatientDoor {
  readonly #deps: Deps
  readonly #under = new Set<Promise<void>>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  onOver(listener: (shareId: string) => void): void {
    this.#deps.ends.onOver(listener)
  }

  async askCode(link: string, from: Network): Promise<void> {
    const asked = await this.#deps.tries.ask(link, from)
    if (asked !== undefined) this.#inBackground('code', asked.id, () => this.#send(asked.id, asked.code))
  }

  async enter(link: string, proof: Proof, from: Network): Promise<Entered> {
    const { book, clock, account, tries } = this.#deps
    const judged = await tries.judge(link, proof, from, {
      onLocked: (id) => this.#locked(id),
      mayBegin: async (id) => closedFor(await book.find(id), clock.now()) === undefined,
    })
    if (judged.outcome !== 'right') return judged
    const record = await book.find(judged.id)
    const now = clock.now()
    const closed = closedFor(record, now)
    if (closed !== undefined) return closed
    const line = { ...lineOf(record), event: 'share-opened', outcome: 'success' } as const
    await account.record({ ...line, user: recipientOf(record) })
    await book.change(record.id, (before) =>
      withEvent(
        { ...before, opened: { count: before.opened.count + 1, last: now } },
        { at: now, what: 'opened' },
      ),
    )
    return { outcome: 'open', shareId: record.id }
  }

  async opened(shareId: string): Promise<OpenShare | undefined> {
    const { book, tries, ends, clock } = this.#deps
    const [record, counts] = await Promise.all([book.get(shareId), tries.get(shareId)])
    if (record === undefined || counts === undefined || record.state !== 'open') return undefined
    const now = clock.now()
    if (overReason(record, now) !== undefined || record.opensAt > now) return undefined
    if (closedBy(record.factor.kind, counts) === 'locked') return undefined
    return {
      ...{ id: record.id, expiresAt: record.expiresAt, downloads: record.order.downloads },
      ...{ recipient: record.recipient.kind, language: record.order.language },
      ...{ packageFile: ends.fileOf(record.id), packageBytes: record.bytes },
    }
  }

  async history(shareId: string): Promise<Happening[]> {
    const { history } = await this.#deps.book.find(shareId)
    // Who of the staff did something is the hospital's affair.
    return history.filter(({ what }) => what !== 'code-not-sent').map(({ at, what }) => ({ at, what }))
  }

  async noted(shareId: string, what: Sight): Promise<void> {
    const { book, account, clock } = this.#deps
    const record = await book.find(shareId)
    const line = { ...lineOf(record), event: seen[what], outcome: 'success' } as const
    await account.record({ ...line, user: recipientOf(record) })
    const at = clock.now()
    await book.change(shareId, (before) =>
      withEvent({ ...before, [what]: { count: before[what].count + 1, last: at } }, { at, what }),
    )
  }

  async block(shareId: string): Promise<void> {
    const { book, ends } = this.#deps
    await ends.end(shareId, { state: 'blocked', user: recipientOf(await book.find(shareId)) })
  }

  /** What goes on behind answers that were given: a code that is sent, a line that a link was locked. */
  async settled(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under)
  }

  #locked(id: string): void {
    this.#deps.ends.tell(id)
    this.#inBackground('locked', id, async () => {
      const { book, account, clock } = this.#deps
      const record = await book.find(id)
      const line = { ...lineOf(record), event: 'share-locked', outcome: 'refused' } as const
      await account.record({ ...line, reason: 'TOO_MANY_ATTEMPTS', user: recipientOf(record) })
      await book.change(id, (before) => withEvent(before, { at: clock.now(), what: 'locked' }))
    })
  }

  /** Of one that is over nobody pays for a message, nor is troubled by it. */
  async #send(id: string, code: string): Promise<void> {
    const { book, sendCode, clock } = this.#deps
    const record = await book.find(id)
    if (overReason(record, clock.now()) !== undefined) return
    try {
      await sendCode?.(record, code)
    } catch (error) {
      // Staff who are called about a code that does not come see why.
      await book.change(id, (before) => withEvent(before, { at: clock.now(), what: 'code-not-sent' }))
      throw error
    }
  }

  /** The answer does not wait for it: a link that nobody made has nothing of it. */
  #inBackground(what: string, id: string, work: () => Promise<void>): void {
    const done: Promise<void> = work()
      .catch((error: unknown) =>
        this.#deps.log.warn('share not followed up', {
          share: id,
          what,
          code: codeOf(error),
          reason: reasonOf(error),
        }),
      )
      .finally(() => this.#under.delete(done))
    this.#under.add(done)
  }
}
