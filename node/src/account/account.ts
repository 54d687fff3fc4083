import type { AuditEntry, AuditLog, NewAuditEntry } from '@twiin/audit'
import type { Clock } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Person } from '../people/people-file.ts'
import { PeerRefusals } from './peer-refusals.ts'

export type Line = Omit<NewAuditEntry, 'organisation' | 'emergency' | 'peer' | 'user'> & {
  user?: Person | AuditEntry['user']
  /** The other end; its name and URA are looked up in the directory. */
  peerId?: string
}

/** What a peer can bring about by itself. */
const ofPeers: ReadonlySet<AuditEntry['event']> = new Set(['refused', 'search-refused', 'send-received'])

/**
 * Puts every act on record, with this organisation's name on it (NEN 7513). Durable when it resolves. Refusals to a peer
 * that concern no patient are only counted when there are many of them (spec 07 §3).
 */
export class Account {
  readonly #organisation: { ura: string; name: string }
  readonly #log: AuditLog
  readonly #bundle: NetworkBundle
  readonly #refusals: PeerRefusals

  constructor(
    options: { organisation: { ura: string; name: string } },
    deps: { log: AuditLog; bundle: NetworkBundle; clock: Pick<Clock, 'now'> },
  ) {
    this.#organisation = options.organisation
    this.#log = deps.log
    this.#bundle = deps.bundle
    this.#refusals = new PeerRefusals(deps)
  }

  async record(line: Line): Promise<void> {
    const { event, outcome, peerId, patient } = line
    const isCounted =
      outcome === 'refused' && ofPeers.has(event) && peerId !== undefined && patient === undefined
    if (isCounted && !this.#refusals.getsLine(peerId)) return
    for (const { peerId: of, count } of this.#refusals.due())
      await this.#write({
        ...{ event: 'refused', outcome: 'refused', reason: 'MORE_REFUSED', protocol: 'spec 07 §3' },
        ...{ peerId: of, objects: { count } },
      })
    await this.#write(line)
  }

  async #write({ peerId, user, ...line }: Line): Promise<void> {
    await this.#log.append({
      ...line,
      ...(user === undefined
        ? {}
        : {
            user: { id: user.id, role: user.role, ...(user.name === undefined ? {} : { name: user.name }) },
          }),
      ...(peerId === undefined ? {} : { peer: this.#peer(peerId) }),
      organisation: this.#organisation,
      emergency: line.purpose?.basis === 'emergency',
    })
  }

  #peer(peerId: string): { ura: string; name: string; peerId: string } {
    const member = this.#bundle.member(peerId)
    return { ura: member?.ura ?? '', name: member?.name ?? '', peerId }
  }
}

/** Whom a study is about, as the study states it. */
export function patientOnRecord({
  patient,
}: Pick<StudyRecord, 'patient'>): NonNullable<AuditEntry['patient']> {
  const [number, ...others] = patient.citizenNumbers
  return {
    ...(number === undefined || others.length > 0 ? {} : { citizenNumber: number }),
    ...(patient.localId === '' ? {} : { localId: patient.localId }),
  }
}
