import type { AuditEntry, AuditLog, NewAuditEntry } from '@twiin/audit'
import type { Clock, Service } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Person } from '../people/people-file.ts'
import { PeerRefusals } from './peer-refusals.ts'

export type Line = Omit<NewAuditEntry, 'organisation' | 'emergency' | 'peer' | 'user'> & {
  user?: Person | AuditEntry['user']
  /** The other end; its name and URA are looked up in the directory. */
  peerId?: string
  /**
   * A refusal that a peer can bring about by itself, clear before any patient was looked up: when there are many, they are
   * counted (spec 07 §3). What was judged about a patient, known or not, keeps its line.
   */
  countable?: boolean
}

/** Puts every act on record, with this organisation's name on it (NEN 7513). Durable when it resolves. */
export class Account implements Service {
  readonly name = 'account'
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

  async record({ countable = false, ...line }: Line): Promise<void> {
    const isCounted = countable && line.peerId !== undefined && !this.#refusals.getsLine(line.peerId)
    await this.#refusals.tellDue(this.#writeCount)
    if (!isCounted) await this.#write(line)
  }

  /** What was counted gets its line, whoever has lines left. After the last peer is gone, before the log is. */
  stop(): Promise<void> {
    return this.#refusals.tellAll(this.#writeCount)
  }

  readonly #writeCount = (peerId: string, count: number): Promise<void> =>
    this.#write({
      ...{ event: 'refused', outcome: 'refused', reason: 'MORE_REFUSED', protocol: 'spec 07 §3' },
      ...{ peerId, objects: { count } },
    })

  async #write({ peerId, user, ...line }: Omit<Line, 'countable'>): Promise<void> {
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
