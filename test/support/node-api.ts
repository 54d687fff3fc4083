import { readFileSync } from 'node:fs'
import { ApiClient } from '../../scripts/demo-network/api-client.ts'
import type { Answer } from '../../scripts/demo-network/api-client.ts'
import type { Role } from '../../scripts/demo-network/hospitals.ts'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'
import { until } from '../../scripts/demo-network/until.ts'

export { until } from '../../scripts/demo-network/until.ts'

export interface FoundStudy {
  studyInstanceUid: string | null
  handle: string
  detail: 'holder' | 'index'
  holder: string
  studyDate: string | null
  modalities: string[]
  description: string | null
  instances: number | null
  bytes: number | null
  reports: number | null
  local: boolean
}

export interface PatientSearch {
  complete: boolean
  patient?: { name: string; birthDate: string; sex: string }
  holders: { ura: string; name: string; status: string; reason?: string; studies: number }[]
  studies: FoundStudy[]
}

export interface Transfer {
  id: string
  kind: 'retrieval' | 'send' | 'arrival'
  state: 'queued' | 'running' | 'delivered' | 'failed' | 'held'
  reason?: string
  instances: { done: number; total: number }
  bytes: { done: number; total: number }
  studyInstanceUids: string[]
  attempts: number
  hops?: { hop: string; at: string | null }[]
  receipt?: { signed: string; state: string; instances: number; recipient: string }
}

export interface HeldStudy {
  studyInstanceUid: string
  instances: number
  patient: { name: string; localId: string; bsn: string | null }
  origin: { kind: 'local' | 'remote'; ura?: string }
  publication: { state: 'published' | 'pending' | 'unpublished'; reason?: string }
}

export interface WorkItem {
  id: string
  kind: string
  state: 'open' | 'notice' | 'resolved'
  transferId?: string
  study: { studyInstanceUid: string }
  incoming: Record<string, unknown>
  local: Record<string, unknown>
  differences: string[]
}

export interface AuditEvent {
  event: string
  outcome: string
  reason?: string
  user?: { id: string; role: string }
  peer?: { ura: string }
  patient?: { citizenNumber?: string; localId?: string }
  objects?: { studyInstanceUids?: string[]; count?: number }
  purpose?: { basis: string; reason: string }
  requestId?: string
}

const treatment = { basis: 'treatment', reason: 'polikliniek' } as const

/** A hospital's node as a script sees it: its HTTP API, with the token of the role that a call takes. */
export class NodeApi {
  readonly #clients = new Map<Role, ApiClient>()
  readonly #hospital: NetworkHospital

  constructor(hospital: NetworkHospital) {
    this.#hospital = hospital
  }

  as(role: Role): ApiClient {
    const { url, caFile, tokens } = this.#hospital.web
    const known = this.#clients.get(role)
    if (known !== undefined) return known
    const client = new ApiClient({ url, ca: readFileSync(caFile, 'utf8'), token: tokens[role] })
    this.#clients.set(role, client)
    return client
  }

  async consent(bsn: string, decision: 'permit' | 'deny' = 'permit'): Promise<void> {
    await this.as('operator').call('PUT', '/api/v1/consents', { bsn, decision })
  }

  /** The raw answer to a search, for what should be refused. */
  trySearch(bsn: string, purpose: object = treatment): Promise<Answer<{ id?: string; code?: string }>> {
    return this.as('radiologist').ask('POST', '/api/v1/patient-searches', { bsn, purpose })
  }

  /** Searches and waits until no holder is pending. */
  async search(
    bsn: string,
    purpose: object = treatment,
  ): Promise<PatientSearch & { id: string; status: (ura: string) => string | undefined }> {
    const body = { bsn, purpose }
    const { id } = await this.as('radiologist').call<{ id: string }>('POST', '/api/v1/patient-searches', body)
    const found = await until(
      async () => {
        const search = await this.as('radiologist').call<PatientSearch>(
          'GET',
          `/api/v1/patient-searches/${id}`,
        )
        return search.complete && search
      },
      { timeoutMs: 40_000, what: 'search is complete' },
    )
    const status = (ura: string) => found.holders.find((holder) => holder.ura === ura)?.status
    return { ...found, id, status }
  }

  async retrieve(
    searchId: string,
    { holder, studyInstanceUid }: Pick<FoundStudy, 'holder' | 'studyInstanceUid'>,
    destination: 'pacs' | 'viewer' = 'pacs',
  ): Promise<string> {
    const body = { searchId, holder, studyInstanceUid, destination }
    const { id } = await this.as('radiologist').call<{ id: string }>('POST', '/api/v1/retrievals', body)
    return id
  }

  retrieval(id: string): Promise<Transfer> {
    return this.as('radiologist').call('GET', `/api/v1/retrievals/${id}`)
  }

  /** Waits until the retrieval is over or held. */
  async retrieved(id: string, timeoutMs = 60_000): Promise<Transfer> {
    return settled(() => this.retrieval(id), timeoutMs)
  }

  async send(body: { studyInstanceUids: string[]; recipient: { ura: string }; reason: string }) {
    const { id } = await this.as('operator').call<{ id: string }>('POST', '/api/v1/sends', body)
    return id
  }

  sending(id: string): Promise<Transfer> {
    return this.as('operator').call('GET', `/api/v1/sends/${id}`)
  }

  async sent(id: string, timeoutMs = 60_000): Promise<Transfer> {
    return settled(() => this.sending(id), timeoutMs)
  }

  async transfers(): Promise<Transfer[]> {
    return (await this.as('operator').call<{ transfers: Transfer[] }>('GET', '/api/v1/transfers')).transfers
  }

  async studies(): Promise<HeldStudy[]> {
    const { studies } = await this.as('operator').call<{ studies: HeldStudy[] }>(
      'GET',
      '/api/v1/studies?limit=500',
    )
    return studies
  }

  async exceptions(): Promise<WorkItem[]> {
    const { exceptions } = await this.as('operator').call<{ exceptions: WorkItem[] }>(
      'GET',
      '/api/v1/exceptions',
    )
    return exceptions
  }

  async audit(): Promise<{ events: AuditEvent[]; chain: { ok: boolean } }> {
    return this.as('auditor').call('GET', '/api/v1/audit-events?limit=1000')
  }
}

function settled(ask: () => Promise<Transfer>, timeoutMs: number): Promise<Transfer> {
  return until(
    async () => {
      const transfer = await ask()
      return ['delivered', 'failed', 'held'].includes(transfer.state) && transfer
    },
    { timeoutMs, what: 'transfer is over or held' },
  )
}
