import { publicKeyOf, verifySignature } from '@twiin/identity'
import { announcement } from '@twiin/protocol'
import type { Announcement } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Books } from '../ledger/books.ts'

/** Clocks may differ so much; it also bounds how long a caught announcement can be played back. spec 06 §2 */
const toleranceMs = 5 * 60_000

/** Where members say they are reached. spec 06 §2 */
export class Announcements {
  readonly #books: Books

  constructor(_options: object, deps: { books: Books }) {
    this.#books = deps.books
  }

  /** Throws MESSAGE_*, SIGNATURE_INVALID, PEER_UNKNOWN, ANNOUNCEMENT_STALE. */
  async take(signed: Uint8Array): Promise<void> {
    const said = openAnnouncement(signed)
    const { peerId, issuedAt, addresses, mailboxes } = said
    await this.#books.record((register, now) => {
      if (!register.isActive(peerId, now)) throw new TwiinError('PEER_UNKNOWN')
      if (Math.abs(now - issuedAt) > toleranceMs) throw new TwiinError('ANNOUNCEMENT_STALE')
      const last = register.keys.get(peerId)?.announced
      // spec 06 §2: the newest `issuedAt` counts. What says nothing new costs no line: nodes announce themselves for ever.
      if (last !== undefined && (last.issuedAt >= issuedAt || says(last) === says(said))) return undefined
      return { act: 'announced', peerId, issuedAt, addresses, mailboxes }
    })
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
