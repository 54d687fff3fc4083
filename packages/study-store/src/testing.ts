import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InstanceHead } from '@twiin/dicom'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import type { Committed, IncomingFacts } from './incoming-instance.ts'
import type { InstanceRecord, Origin } from './records.ts'
import { StudyStore } from './study-store.ts'

export const ctImage = '1.2.840.10008.5.1.4.1.1.2'
export const explicitLittleEndian = '1.2.840.10008.1.2.1'
export const local: Origin = { kind: 'local', callingAe: 'CT1', calledAe: 'TWIIN' }
export const remote: Origin = { kind: 'remote', ura: '90000002' }

/** A study store with all it stands on, in a folder of its own. */
export class Holdings implements AsyncDisposable {
  readonly dir: string
  readonly clock = new ManualClock()
  studies!: StudyStore
  #stop: () => Promise<void> = async () => {}

  readonly #reserveBytes: number | undefined
  readonly #share: { partialQuotaBytes?: number }

  constructor(dir: string, options: { reserveBytes?: number; partialQuotaBytes?: number } = {}) {
    this.dir = dir
    const { reserveBytes, ...share } = options
    this.#reserveBytes = reserveBytes
    this.#share = share
  }

  static async create(): Promise<Holdings> {
    const holdings = new Holdings(await mkdtemp(join(tmpdir(), 'twiin-studies-')))
    await holdings.start()
    return holdings
  }

  async start(): Promise<void> {
    const sealer = await Sealer.open(join(this.dir, 'key'))
    const room =
      this.#reserveBytes === undefined ? {} : { reserveBytes: this.#reserveBytes, ballastBytes: 16 << 20 }
    const reserve = new DiskReserve({ dir: this.dir, ballastBytes: 4096, ...room }, { log: silentLogger })
    const store = new Store({ dir: join(this.dir, 'catalogue') }, { sealer, reserve })
    this.studies = new StudyStore(
      { dir: join(this.dir, 'studies'), ...this.#share },
      { store, sealer, reserve, clock: this.clock, log: silentLogger, random: (bytes) => randomBytes(bytes) },
    )
    await reserve.start()
    await store.start()
    await this.studies.start()
    this.#stop = async () => {
      await this.studies.stop()
      await store.stop()
    }
  }

  async stop(): Promise<void> {
    await this.#stop()
    this.#stop = async () => {}
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async receive(
    head: InstanceHead,
    bytes: Uint8Array,
    facts: Partial<IncomingFacts> & { citizenNumbers?: readonly string[] } = {},
  ): Promise<Committed> {
    const { citizenNumbers, ...rest } = facts
    const incoming = await this.studies.openIncoming({ ...factsOf(head), ...rest })
    await incoming.write(bytes)
    return incoming.commit(head, citizenNumbers === undefined ? {} : { citizenNumbers })
  }

  async bytesOf(instance: InstanceRecord, range?: { offset?: number; length?: number }): Promise<Buffer> {
    return Buffer.concat(await collect(this.studies.readDataSet(instance, range)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.dir, { recursive: true })
  }
}

export function factsOf(head: InstanceHead, origin: Origin = local): IncomingFacts {
  const { sopClassUid, sopInstanceUid } = head
  return { sopClassUid, sopInstanceUid, transferSyntaxUid: explicitLittleEndian, origin }
}

/** The head of an instance of study 1.2.3 unless told otherwise. */
export function headOf(sopInstanceUid: string, other: Partial<InstanceHead> = {}): InstanceHead {
  return {
    sopClassUid: ctImage,
    sopInstanceUid,
    studyInstanceUid: '1.2.3',
    seriesInstanceUid: '1.2.3.1',
    patientId: { id: '4711', issuer: 'ZKH-A' },
    otherPatientIds: [],
    legacyOtherPatientIds: [],
    patientName: 'Jansen^Jan',
    birthDate: '1950-02-01',
    sex: 'M',
    modality: 'CT',
    studyDate: '2026-03-04',
    ...other,
  }
}

/** How a BSN stands in a data set. */
export function withCitizenNumber(id: string): Partial<InstanceHead> {
  return { otherPatientIds: [{ id, issuer: 'NLMINBIZA' }] }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
