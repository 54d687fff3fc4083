import type { AuditEntry, AuditLog, NewAuditEntry } from '@twiin/audit'
import type { StudyRecord } from '@twiin/study-store'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Person } from '../people/people-file.ts'

export type Line = Omit<NewAuditEntry, 'organisation' | 'emergency' | 'peer' | 'user'> & {
  user?: Person | AuditEntry['user']
  /** The other end; its name and URA are looked up in the directory. */
  peerId?: string
}

/** Puts every act on record, with this organisation's name on it (NEN 7513). Durable when it resolves. */
export class Account {
  readonly #organisation: { ura: string; name: string }
  readonly #log: AuditLog
  readonly #bundle: NetworkBundle

  constructor(
    options: { organisation: { ura: string; name: string } },
    deps: { log: AuditLog; bundle: NetworkBundle },
  ) {
    this.#organisation = options.organisation
    this.#log = deps.log
    this.#bundle = deps.bundle
  }

  async record({ peerId, user, ...line }: Line): Promise<void> {
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
