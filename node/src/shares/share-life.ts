import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import { forgetEveryMs } from './share-book.ts'
import type { ShareBook } from './share-book.ts'
import { lineOf, recipientOf } from './share-ends.ts'
import type { ShareEnds } from './share-ends.ts'
import type { Tries } from './tries.ts'

interface Deps {
  book: ShareBook
  tries: Tries
  ends: ShareEnds
  account: Pick<Account, 'record'>
  clock: Clock
  log: Logger
}

const lookEveryMs = 15_000
const dayMs = 24 * 3_600_000

/** What happens to shares by itself: after a start, and when their time has come (spec 25 §3). */
export class ShareLife implements Service {
  readonly name = 'shares'
  readonly #options: { dir: string; keepDays: number }
  readonly #deps: Deps
  readonly #loop: Loop
  #forgotAt = 0
  #last: Promise<void> = Promise.resolve()

  constructor(options: { dir: string; keepDays: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
    const { clock, log } = deps
    this.#loop = new Loop(
      { name: this.name },
      {
        turn: () => this.look(),
        pause: (signal) => clock.sleep(lookEveryMs, signal),
        onError: (error) => log.error('shares not looked at', { code: codeOf(error) }),
      },
    )
  }

  async start(): Promise<void> {
    await this.#takeUp()
    await this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** One round, behind the one that is under way. */
  look(): Promise<void> {
    const round = this.#last.then(() => this.#look())
    this.#last = round.catch(() => {})
    return round
  }

  async #look(): Promise<void> {
    const { book, ends, clock } = this.#deps
    for (const id of book.due(clock.now())) await ends.end(id, { state: 'expired' })
    await this.#tellRefused()
    if (clock.now() - this.#forgotAt < forgetEveryMs) return
    this.#forgotAt = clock.now()
    await book.forgetOver(this.#options.keepDays * dayMs)
  }

  /** The keys of an earlier process are gone: what it was making cannot be finished, nor what it had to mail be sent. */
  async #takeUp(): Promise<void> {
    const { book, tries, ends } = this.#deps
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 })
    await tries.load()
    const kept = new Set<string>()
    for (const { id, state, mail } of await book.load()) {
      if (state === 'preparing') await ends.end(id, { state: 'failed', reason: 'INTERRUPTED' })
      // A backup may leave them out: what has no package opens nothing.
      else if (!existsSync(ends.fileOf(id))) await ends.end(id, { state: 'failed', reason: 'PACKAGE_GONE' })
      else kept.add(ends.fileOf(id))
      if (state === 'open' && mail === 'waiting')
        await book.change(id, (record) => ({ ...record, mail: 'failed' }))
    }
    for (const name of await readdir(this.#options.dir)) {
      const file = join(this.#options.dir, name)
      if (!kept.has(file)) await rm(file, { force: true, recursive: true })
    }
  }

  /** spec 25 §8: one line for each ten minutes, with how many. */
  async #tellRefused(): Promise<void> {
    const { tries, book, account } = this.#deps
    for (const { id, count } of await tries.untold()) {
      const record = await book.get(id)
      if (record !== undefined)
        await account.record({
          ...lineOf(record),
          ...{ event: 'share-refused', outcome: 'refused', reason: 'CODE_WRONG' },
          ...{ user: recipientOf(record), objects: { count } },
        })
      await tries.told(id, count)
    }
  }
}
