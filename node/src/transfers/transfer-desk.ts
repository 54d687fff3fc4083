import { codeOf, TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { Person } from '../people/people-file.ts'
import type { Change, TransferBook } from './transfer-book.ts'
import { isOver } from './transfer-record.ts'
import type { TransferRecord } from './transfer-record.ts'

const events = {
  retrieval: 'retrieve-requested',
  send: 'send',
  arrival: 'send-received',
  disc: 'media-import',
} as const

/** What stays as it is whoever tries again: other content under one identifier, a study taken back, a disc let go. */
const unchangeable: ReadonlySet<string> = new Set(['INSTANCE_CONFLICT', 'RECALLED', 'DISC_GONE'])

export const isRetryable = ({ state, attempts, reason = '' }: TransferRecord) =>
  (state === 'failed' && !unchangeable.has(reason)) || (state === 'queued' && attempts > 0)

export const isCancellable = (record: TransferRecord) => !isOver(record)

const isUntouched = ({ kind, state, attempts }: TransferRecord) =>
  kind === 'send' && state === 'queued' && attempts === 0

/** Which dead letters: of one reason, and where given of one kind or counterparty. */
export interface DeadLetterChoice {
  reason: string
  kind?: TransferRecord['kind']
  ura?: string
}

interface Deps {
  book: TransferBook
  account: Pick<Account, 'record'>
  clock: Clock
}

/** What people do about transfers (spec 17 §1): try again, try all of a kind again, stop. */
export class TransferDesk {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** An operator, or whoever ordered it. Throws `NOT_FOUND`, `ROLE_NOT_PERMITTED`, `STATE_CONFLICT`. */
  async retry(id: string, person: Person): Promise<void> {
    await this.#find(id, person)
    await this.#deps.book.change(id, (now) => {
      if (!isRetryable(now)) throw new TwiinError('STATE_CONFLICT')
      return this.#anew(now)
    })
  }

  /** All dead letters of one reason, unless no retry can change that. Returns how many. */
  async retryAll(choice: DeadLetterChoice): Promise<number> {
    const { book } = this.#deps
    const chosen = book
      .deadLetters()
      .filter(
        (record) =>
          isRetryable(record) &&
          record.reason === choice.reason &&
          record.kind === (choice.kind ?? record.kind) &&
          record.counterparty.ura === (choice.ura ?? record.counterparty.ura),
      )
    const changed = chosen.map(({ id }) =>
      book.change(id, (now) => (now.state === 'failed' ? this.#anew(now) : {})),
    )
    await Promise.all(changed)
    return chosen.length
  }

  /**
   * Ends it, also while it runs. What others did with it already stands: see spec 17 §1. On record before it happens.
   * Throws as `retry` does.
   */
  cancel(id: string, person: Person): Promise<void> {
    return this.#end(id, person, { reason: 'CANCELLED', may: isCancellable })
  }

  /**
   * Takes back a send that has not begun, so that nobody elsewhere hears of it (spec 10 §6). Throws as `retry` does:
   * `STATE_CONFLICT` from the moment that it was tried.
   */
  undo(id: string, person: Person): Promise<void> {
    return this.#end(id, person, { reason: 'UNDONE', may: isUntouched })
  }

  async #end(
    id: string,
    person: Person,
    { reason, may }: { reason: string; may: (record: TransferRecord) => boolean },
  ): Promise<void> {
    const { book, account } = this.#deps
    const record = await this.#find(id, person)
    if (!may(record)) throw new TwiinError('STATE_CONFLICT')
    const line = {
      event: events[record.kind],
      user: person,
      peerId: record.counterparty.peerId,
      objects: {
        studyInstanceUids: record.kind === 'retrieval' ? [record.studyInstanceUid] : record.studyInstanceUids,
      },
      requestId: id,
    }
    await account.record({ ...line, outcome: 'failed', reason })
    try {
      await book.change(id, (now) => {
        if (!may(now)) throw new TwiinError('STATE_CONFLICT')
        return {
          state: 'cancelled',
          reason,
          link: undefined,
          ...(now.kind === 'arrival' ? { receiptDue: 'rejected' } : {}),
        }
      })
    } catch (error) {
      // It went on while that was written down: the log must not say that it did not.
      await account.record({ ...line, outcome: 'refused', reason: codeOf(error) })
      throw error
    }
  }

  async #find(id: string, person: Person): Promise<TransferRecord> {
    const record = await this.#deps.book.get(id)
    if (record === undefined) throw new TwiinError('NOT_FOUND')
    if (person.role !== 'operator' && record.user?.id !== person.id)
      throw new TwiinError('ROLE_NOT_PERMITTED')
    return record
  }

  /** What is done already is not done again: the records know (spec 17 §1). */
  #anew({ kind }: TransferRecord): Change {
    const now = this.#deps.clock.now()
    const anew = { state: 'queued' as const, nextTryAt: now, triedSince: now, attempts: 0, link: undefined }
    // A send is offered at once, whatever was told of it before.
    return kind === 'send' ? { ...anew, atRecipient: undefined } : anew
  }
}
