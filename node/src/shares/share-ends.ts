import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { Turns } from '@twiin/store'
import type { Account, Line } from '../account/account.ts'
import type { ShareBook } from './share-book.ts'
import { overReason, withEvent } from './share-record.ts'
import type { OverReason, ShareRecord } from './share-record.ts'

interface Deps {
  book: ShareBook
  account: Pick<Account, 'record'>
  clock: Pick<Clock, 'now'>
  log: Logger
}

export interface End {
  state: OverReason
  /** Code. */
  reason?: string
  user?: Line['user']
}

const events = {
  ...{ expired: 'share-expired', revoked: 'share-revoked', blocked: 'share-blocked' },
  failed: 'share-created',
} as const satisfies Record<OverReason, Line['event']>

/** How a share comes to its end: on record, written down, its package gone, and everybody told, in one step. */
export class ShareEnds {
  readonly #dir: string
  readonly #deps: Deps
  readonly #listeners: ((shareId: string) => void)[] = []
  readonly #turns = new Turns()
  readonly #ended: ((shareId: string) => void)[] = []

  constructor(options: { dir: string }, deps: Deps) {
    this.#dir = options.dir
    this.#deps = deps
  }

  onOver(listener: (shareId: string) => void): void {
    this.#listeners.push(listener)
  }

  /** Not of a lock: what is made of it stops. */
  onEnded(listener: (shareId: string) => void): void {
    this.#ended.push(listener)
  }

  /** Without an end: it is locked, and sessions of it are over. */
  tell(id: string): void {
    for (const listener of this.#listeners) listener(id)
  }

  fileOf(id: string): string {
    return join(this.#dir, `${id}.package`)
  }

  /** Whether it went on until now. Durable, and the package gone, when it resolves. Throws `NOT_FOUND`. */
  end(id: string, how: End): Promise<boolean> {
    return this.#turns.run([id], () => this.#end(id, how))
  }

  async #end(id: string, { state, reason, user }: End): Promise<boolean> {
    const { book, account, clock } = this.#deps
    const record = await book.find(id)
    const isOver = ({ state: now }: ShareRecord) => overReason({ state: now, expiresAt: Infinity }, 0)
    if (isOver(record) !== undefined) return false
    await account.record({
      ...lineOf(record),
      event: events[state],
      outcome: state === 'failed' ? 'failed' : 'success',
      ...(reason === undefined ? {} : { reason }),
      ...(user === undefined ? {} : { user }),
    })
    const at = clock.now()
    await book.change(id, (before) => {
      const event = { at, what: state, ...(state === 'revoked' && user ? { by: user.id } : {}) }
      return withEvent(
        {
          ...before,
          ...{ state, endedAt: at, bytes: 0 },
          ...(reason === undefined ? {} : { reason }),
          // What waits to be mailed would lead nowhere.
          ...(before.mail === 'waiting' ? { mail: 'failed' as const } : {}),
        },
        event,
      )
    })
    this.tell(id)
    for (const listener of this.#ended) listener(id)
    await this.removePackage(id)
    return true
  }

  async removePackage(id: string): Promise<void> {
    await rm(this.fileOf(id), { force: true }).catch((error: unknown) => {
      // The sweep of the next start takes it: the state is written already.
      this.#deps.log.error('package of a share not removed', { share: id, code: codeOf(error) })
    })
  }
}

/** What every line about a share has. */
export const lineOf = (record: ShareRecord) => ({
  patient: record.patient,
  objects: {
    studyInstanceUids: record.studies.map(({ studyInstanceUid }) => studyInstanceUid),
    count: record.studies.reduce((sum, { instances }) => sum + instances, 0),
  },
  protocol: `spec 25: ${record.recipient.kind}, ${record.factor.kind}`,
  requestId: record.id,
})

/** Who has the link and the second factor: nobody knows more of them. */
export const recipientOf = ({ id }: Pick<ShareRecord, 'id'>) => ({ id: `share:${id}`, role: 'recipient' })
