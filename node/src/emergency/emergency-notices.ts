import type { AccessDecision, AccessReason } from '@twiin/consent'
import type { Clock } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { Asked, Judged } from '../access/access-desk.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { EmergencyBook } from './emergency-book.ts'
import { boxMs } from './emergency-use.ts'
import type { EmergencyUse } from './emergency-use.ts'

/** So many that wait for review of one member are enough: what comes past them is in the audit log, marked as such. */
const mostWaiting = 1000

interface Deps {
  book: EmergencyBook
  bundle: NetworkBundle
  account: Account
  clock: Clock
}

/** Emergencies of others at this hospital: a line in the audit log and a notice to review, before the answer leaves (spec 21 §3). */
export class EmergencyNotices {
  readonly #deps: Deps
  /** Of each member one notice at a time: two questions of one emergency are one. */
  readonly #turns = new Map<string, Promise<void>>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Durable when it resolves. Nothing for what is no emergency, or of nobody who is known here; nor for one too many,
   * which is on record as a refusal like that of a patient whom nobody knows, and looked at as such (spec 07 §11).
   */
  async note(
    asked: Asked,
    peerId: string,
    judged: Judged,
    what: 'searches' | 'retrievals',
    requestId: Uint8Array,
  ): Promise<void> {
    if (asked.purpose.basis !== 'emergency' || judged.bsn === undefined || judged.patient === undefined)
      return
    if (judged.decision.why === 'TOO_MANY_EMERGENCIES') return
    const before = this.#turns.get(peerId) ?? Promise.resolve()
    const work = before.then(() => this.#note(asked, peerId, judged, what, requestId))
    const turn = work
      .catch(() => {})
      .then(() => {
        if (this.#turns.get(peerId) === turn) this.#turns.delete(peerId)
      })
    this.#turns.set(peerId, turn)
    await work
  }

  async #note(
    asked: Asked,
    peerId: string,
    { bsn, patient, decision, shielded }: Judged,
    what: 'searches' | 'retrievals',
    requestId: Uint8Array,
  ): Promise<void> {
    if (bsn === undefined) return
    const { book, clock, bundle } = this.#deps
    const now = clock.now()
    const waiting = book.pendingOf(peerId)
    const same = waiting.find(
      (use) =>
        now - use.openedAt < boxMs &&
        use.user.id === asked.user.id &&
        use.patient.bsn === bsn &&
        use.refusedFor === refusalIn(decision.why),
    )
    if (same !== undefined) {
      await book.change(same.id, (use) => ({ [what]: use[what] + 1, ...consentIn(decision) }))
      return
    }
    const getsNotice = waiting.length < mostWaiting
    await this.#putOnRecord(asked, peerId, { bsn, why: decision.why, getsNotice }, requestId)
    if (!getsNotice) return
    const member = bundle.member(peerId)
    const refusedFor = refusalIn(decision.why)
    const use: EmergencyUse = {
      ...{ id: book.newId(), direction: 'received', openedAt: now, until: now + boxMs, peerId },
      ...{ reason: asked.purpose.reason, user: asked.user },
      organisation: { ura: member?.ura ?? '', name: member?.name ?? '' },
      patient: { bsn, ...(patient === undefined ? {} : { name: patient.name }) },
      ...{ searches: 0, retrievals: 0, [what]: 1 },
      ...(shielded ? { shielded } : {}),
      ...consentIn(decision),
      ...(refusedFor === undefined ? {} : { refusedFor }),
    }
    await book.add(use)
  }

  async #putOnRecord(
    asked: Asked,
    peerId: string,
    { bsn, why, getsNotice }: { bsn: string; why: AccessReason; getsNotice: boolean },
    requestId: Uint8Array,
  ): Promise<void> {
    const refusal = refusalIn(why)
    await this.#deps.account.record({
      event: 'emergency',
      ...(refusal === undefined ? { outcome: 'success' } : { outcome: 'refused', reason: refusal }),
      user: asked.user,
      peerId,
      patient: { citizenNumber: bsn },
      purpose: asked.purpose,
      ...(getsNotice ? {} : { unnoticed: true }),
      protocol: 'spec 21 §3',
      requestId: Buffer.from(requestId).toString('hex'),
    })
  }
}

const refusalIn = (why: AccessReason) => (why === 'PERMITTED' ? undefined : why)
const consentIn = ({ permitted, consent }: AccessDecision) =>
  permitted && consent?.why === 'unavailable' ? { consent: consent.why } : {}
