import { publicKeyOf, verifySignature } from '@twiin/identity'
import { announcement } from '@twiin/protocol'
import type { Announcement } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Books } from '../ledger/books.ts'

/** Clocks may differ so much; it also bounds how long a caught announcement can be played back. spec 06 §2 */
const toleranceMs = 5 * 60_000

/** spec 06 §2: what is new counts once a minute, or one key could fill the ledger and make everybody fetch for ever. */
const minuteMs = 60_000

/** A member moves a few times in a bad day; each time is a line of a log that everybody keeps for ever. */
const mostChanges = 50
const dayMs = 24 * 3_600_000

/** Where members say they are reached. spec 06 §2 */
export class Announcements {
  readonly #books: Books
  /** By key, of the last day: when it said something new. A restart forgets it; the minute is in the ledger. */
  readonly #changes = new Map<string, number[]>()

  constructor(_options: object, deps: { books: Books }) {
    this.#books = deps.books
  }

  /**
   * Resolves to whether it said anything new.
   * Throws MESSAGE_*, SIGNATURE_INVALID, PEER_UNKNOWN, ANNOUNCEMENT_STALE, TOO_MANY_ATTEMPTS with `retryAfterSeconds`.
   */
  async take(signed: Uint8Array): Promise<boolean> {
    const said = openAnnouncement(signed)
    const { peerId, issuedAt, addresses, mailboxes } = said
    const act = await this.#books.record((register, now) => {
      if (!register.isActive(peerId, now)) throw new TwiinError('PEER_UNKNOWN')
      if (Math.abs(now - issuedAt) > toleranceMs) throw new TwiinError('ANNOUNCEMENT_STALE')
      const last = register.keys.get(peerId)?.announced
      // spec 06 §2: the newest `issuedAt` counts. What says nothing new costs no line: nodes announce themselves for ever.
      if (last !== undefined && (last.issuedAt >= issuedAt || says(last) === says(said))) return undefined
      const waited = last === undefined ? minuteMs : now - last.at
      // A clock that was set back must not keep anybody waiting.
      if (waited >= 0 && waited < minuteMs)
        throw new TwiinError('TOO_MANY_ATTEMPTS', {
          retryAfterSeconds: Math.ceil((minuteMs - waited) / 1000),
        })
      this.#countChange(peerId, now)
      return { act: 'announced', peerId, issuedAt, addresses, mailboxes }
    })
    return act !== undefined
  }

  /** Throws TOO_MANY_ATTEMPTS. */
  #countChange(peerId: string, now: number): void {
    for (const [key, times] of this.#changes) {
      const left = times.filter((at) => at <= now && at > now - dayMs)
      if (left.length === 0) this.#changes.delete(key)
      else this.#changes.set(key, left)
    }
    const times = this.#changes.get(peerId) ?? []
    const [oldest = now] = times
    if (times.length >= mostChanges)
      throw new TwiinError('TOO_MANY_ATTEMPTS', {
        retryAfterSeconds: Math.ceil((oldest + dayMs - now) / 1000),
      })
    this.#changes.set(peerId, [...times, now])
  }
}

/** The signer is named inside what is signed: read first, believed only when the signature fits. */
function openAnnouncement(signed: Uint8Array): Announcement {
  const { peerId } = announcement.open(signed, '', () => true).message
  return announcement.open(signed, peerId, (_, domain, payload, signature) =>
    verifySignature(publicKeyOf(peerId), domain, payload, signature),
  ).message
}

function says({
  addresses,
  mailboxes,
}: {
  readonly addresses: readonly string[]
  readonly mailboxes: readonly string[]
}): string {
  return JSON.stringify([addresses, mailboxes])
}
