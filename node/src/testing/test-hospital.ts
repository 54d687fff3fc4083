import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { AuditEntry } from '@twiin/audit'
import { HeadReader } from '@twiin/dicom'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance, SampleStudyOptions } from '@twiin/dicom/testing'
import { openAssociation } from '@twiin/dimse'
import { MllpClient } from '@twiin/hl7'
import { NodeKey } from '@twiin/identity'
import { MemoryBudget } from '@twiin/network'
import { Lifecycle, ShiftableClock, silentLogger, systemClock } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import { StudyStore } from '@twiin/study-store'
import { Account } from '../account/account.ts'
import { composeArchive } from '../composition/archive-side.ts'
import { composeAudit } from '../composition/audit-side.ts'
import { composeExchange } from '../composition/exchange.ts'
import type { Exchange } from '../composition/exchange.ts'
import type { Ground } from '../composition/ground.ts'
import { composeHl7, hl7Handlers } from '../composition/hl7.ts'
import type { Hl7Side } from '../composition/hl7.ts'
import { composeIndexSide } from '../composition/index-side.ts'
import type { IndexSide } from '../composition/index-side.ts'
import { registerPeerProtocols } from '../composition/peer-protocols.ts'
import { composeSelfTest } from '../composition/self-test.ts'
import type { SelfTest } from '../composition/self-test.ts'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { clientTlsFrom, openDicomCertificates } from '../dicom-tls/dicom-certificates.ts'
import type { Filed } from '../filing/file-study.ts'
import { CredentialBook } from '../proof/credential-book.ts'
import { Gossip } from '../trust/gossip.ts'
import { verifyByPeerId } from '../trust/trust.ts'
import { LiveEvents } from '../http/events.ts'
import type { TransferRecord } from '../transfers/transfer-record.ts'
import { Archive } from './archive.ts'
import type { Options } from './test-hospital-options.ts'
import { TestNetwork } from './test-network.ts'

export const radiologist = { id: 'rad', name: 'R. de Radioloog', role: 'radiologist' as const }
export const patient = {
  id: '4711',
  bsn: '999990019',
  name: 'Jansen^Anna',
  birthDate: '1960-02-03',
  sex: 'F' as const,
}

/** A hospital's node as it is composed, but for the sockets between hospitals and the page. Its PACS is on a socket. */
export class TestHospital implements AsyncDisposable {
  readonly options: Options
  readonly network: TestNetwork
  readonly key: NodeKey
  readonly archive: Archive
  /** From the next start on. */
  structuredReport: Settings['pacs']['reports']['structuredReport'] = 'as-is'
  ground!: Ground
  index!: IndexSide
  exchange!: Exchange
  selfTest!: SelfTest
  hl7!: Hl7Side
  #lifecycle!: Lifecycle

  private constructor(options: Options, network: TestNetwork, key: NodeKey, archive: Archive) {
    this.options = options
    this.network = network
    this.key = key
    this.archive = archive
  }

  static async open(options: Options, network: TestNetwork): Promise<TestHospital> {
    const hospital = new TestHospital(
      options,
      network,
      NodeKey.generate(),
      await Archive.start(options.tls?.pacs),
    )
    network.onBundle((document) => hospital.ground.bundle.accept(document))
    await hospital.start()
    await network.join({ ura: options.ura, name: options.name, peerId: hospital.key.peerId })
    return hospital
  }

  /** Cuts it off from the others, or connects it again. */
  set online(isUp: boolean) {
    this.network.wire.host(this.key.peerId).isUp = isUp
  }

  /** Transfers, newest first. */
  transfers(): Promise<TransferRecord[]> {
    return this.exchange.book.list({ limit: 100 })
  }

  /** The first transfer that gets into this state. */
  transferIn(state: TransferRecord['state']): Promise<TransferRecord> {
    return eventually(async () => (await this.transfers()).find((record) => record.state === state))
  }

  get dir(): string {
    return join(this.network.dir, this.options.ura)
  }

  async start(): Promise<void> {
    this.ground = await this.#composeGround()
    await this.ground.view.load()
    if (this.ground.bundle.version === 0) await this.ground.bundle.accept(await this.network.document())
    const settings = this.settings()
    this.index = composeIndexSide(settings, this.ground)
    this.exchange = composeExchange(settings, this.ground, this.index)
    this.selfTest = composeSelfTest(settings, this.ground, this.index, this.exchange)
    registerPeerProtocols(this.ground, this.index, this.exchange, this.selfTest)
    const { reserve, store, studies, heads, auditLog, account, view, archive } = this.ground
    this.hl7 = await composeHl7(
      settings,
      this.ground,
      hl7Handlers(settings, this.ground, this.index, this.exchange),
    )
    const { publisher, publication } = this.index
    const { discs, emergencies, runner, receipts, progress, reports, routes, routing } = this.exchange
    const { intake, dimse, dimseTls } = this.exchange
    const resumed = { name: 'routes', start: () => routes.resume() }
    this.#lifecycle = new Lifecycle([
      ...[reserve, store, studies, heads, ...(archive?.fetching ?? []), auditLog, account, view],
      ...[
        publisher,
        this.selfTest,
        publication,
        discs.desk,
        emergencies,
        runner,
        receipts,
        progress,
        ...reports.services,
      ],
      ...[
        resumed,
        routing.complete,
        this.exchange.commitmentsAsked,
        ...this.exchange.prefetch,
        intake,
        dimse,
      ],
      ...(dimseTls === undefined ? [] : [dimseTls]),
      ...(archive === undefined ? [] : [archive.indexer]),
      this.index.quality,
      ...this.hl7.services,
    ])
    await this.#lifecycle.start()
  }

  async stop(): Promise<void> {
    await this.#lifecycle.stop()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** As a kill at this moment would leave it: what the process does after it, its orderly stop too, never happened. */
  async kill(): Promise<void> {
    const atThatMoment = `${this.dir}.killed`
    await cp(this.dir, atThatMoment, { recursive: true })
    await this.stop()
    await rm(this.dir, { recursive: true })
    await rename(atThatMoment, this.dir)
    await this.start()
  }

  /** A modality stores a study here, over a real association; resolves when that has ended. Statuses in order. */
  async receive(
    study: Partial<SampleStudyOptions> = {},
    { calledAe = 'TWIIN', change = (instance: SampleInstance) => instance } = {},
  ): Promise<{ instances: SampleInstance[]; studyInstanceUid: string; statuses: number[] }> {
    const instances = sampleStudy({
      kind: 'CT',
      patient: { ...patient, ...study.patient },
      studyDate: '2026-01-05',
      description: 'CT thorax',
      institution: this.options.name,
      instances: 3,
      size: 16,
      seed: `${this.options.ura}/1`,
      ...study,
    }).map(change)
    const statuses: number[] = []
    const contexts = [
      ...new Map(
        instances.map(({ sopClassUid, transferSyntaxUid }) => [
          sopClassUid,
          { abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] },
        ]),
      ).values(),
    ]
    const { port } = this.exchange.dimse.address()
    const association = await openAssociation(
      { host: '127.0.0.1', port, callingAe: 'CT1', calledAe, contexts },
      { log: silentLogger },
    )
    for (const instance of instances) {
      const dataSet = async function* () {
        yield instance.bytes.subarray(instance.dataSetOffset)
      }
      statuses.push((await association.store({ ...instance, dataSet })).status)
    }
    await association.release()
    return { instances, studyInstanceUid: instances[0]?.studyInstanceUid ?? '', statuses }
  }

  /** The hospital's patient administration tells it something; resolves to MSA-1 when all was worked off. */
  async tell(...messages: readonly Buffer[]): Promise<string[]> {
    const { server, inbox } = this.hl7
    const { port } = server?.address() ?? { port: 0 }
    const client = new MllpClient({ host: '127.0.0.1', port }, { clock: systemClock, log: silentLogger })
    const answers = await Promise.all(messages.map((message) => client.send(message)))
    await client.close()
    await eventually(() => inbox.waiting === 0)
    return answers.map(({ code }) => code)
  }

  async audit(event?: AuditEntry['event']): Promise<AuditEntry[]> {
    const entries: AuditEntry[] = []
    for await (const { entry } of this.ground.auditLog.entries()) entries.push(entry)
    return event === undefined ? entries : entries.filter((entry) => entry.event === event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.archive[Symbol.asyncDispose]()
  }

  async #composeGround(): Promise<Ground> {
    const { network, key, options, dir } = this
    const { clock, wire } = network
    const { ura, name } = options
    await mkdir(dir, { recursive: true })
    const log = silentLogger
    const random = (bytes: number) => randomBytes(bytes)
    const sealer = await Sealer.open(join(dir, 'key'))
    const reserve = new DiskReserve({ dir, reserveBytes: 0, ballastBytes: 4096 }, { log })
    const store = new Store({ dir: join(dir, 'catalogue') }, { sealer, reserve, log })
    const view = network.view({ dir })
    const { bundle, logView } = view
    const auditLog = new AuditLog({}, { store, clock })
    const studies = new StudyStore(
      { dir: join(dir, 'blobs') },
      { store, sealer, reserve, clock, log, random },
    )
    const host = wire.host(key.peerId)
    const heads = new HeadReader({}, { log })
    const dicomTls = openDicomCertificates(this.settings(), { clock, log })
    const clientTls = clientTlsFrom(dicomTls)
    const filed = store.repository<Filed>(buckets.filed, { keys: 'plain-opaque' })
    const archive = composeArchive(this.settings(), {
      store,
      sealer,
      reserve,
      studies,
      filed,
      heads,
      clock,
      log,
      random,
      clientTls,
    })
    const account = new Account({ organisation: { ura, name } }, { log: auditLog, bundle, clock })
    const audit = composeAudit(this.settings(), {
      ...{ store, auditLog, account, bundle, key, clock, log, random },
      host: host as unknown as Ground['host'],
    })
    const parts = {
      audit,
      rootCertificate: network.authority.rootCertificate,
      credentials: new CredentialBook({
        kept: store.repository(buckets.credentials, { keys: 'plain-opaque' }),
        shown: (peerId) => network.credentials.get(peerId),
      }),
      ...{ clock, log, random, sealer, reserve, store, view, bundle, auditLog, studies, key },
      ...{ archive, filed, dicomTls, clientTls },
      holdings: archive?.holdings ?? studies,
      gossip: new Gossip(
        { peerId: key.peerId, roundMs: 20_000 },
        { bundle, logView, host, clock, log, random },
      ),
      account,
      heads,
      budget: new MemoryBudget({ bytes: 16 << 20 }),
      events: new LiveEvents(),
      self: { ura, name, peerId: key.peerId },
      host,
      verify: verifyByPeerId,
    }
    return parts as Partial<Record<keyof Ground, unknown>> as Ground
  }

  settings(): Settings {
    const {
      ura,
      name,
      sendTo,
      archive,
      entities = [],
      tls,
      pacs,
      callingAeTitles = [],
      prefetch,
    } = this.options
    const parts = {
      dataDir: this.dir,
      ...(archive === undefined ? {} : { archive }),
      disc: { maxGiB: 1 },
      hospital: { ura, name, patientIdIssuer: name },
      dicom: {
        ...{ host: '127.0.0.1', port: 0, aeTitle: 'TWIIN', callingAeTitles: ['CT1', ...callingAeTitles] },
        ...(tls && { tls }),
        ...{ citizenNumberInLegacyField: [], applicationEntities: entities, querySeconds: 8 },
        destinations: sendTo === undefined ? [] : [{ aeTitle: 'ELSEWHERE', ura: sendTo, urgency: 'routine' }],
      },
      pacs: {
        ...{ host: '127.0.0.1', port: this.archive.port, aeTitle: 'PACS', callingAeTitle: 'TWIIN' },
        tls: tls?.pacs !== undefined,
        reports: { structuredReport: this.structuredReport },
        commitment: this.options.commitment === true,
        commitmentSeconds: 0.2,
        ...pacs,
      },
      transfer: { lanes: 1, memoryMiB: 16, concurrent: 4, retrySeconds: 0.02 },
      patients: {
        source: this.options.patientsAtPacs === undefined ? 'adt' : 'pacs',
        ...{ level: this.options.patientsAtPacs ?? 'patient', querySeconds: 5 },
      },
      index: { antiEntropySeconds: 60 },
      audit: { anchorMinutes: 60, compareMinutes: 60 },
      routing: {
        excludeFromSends: ['PR', 'KO'],
        timeZone: 'Europe/Amsterdam',
        rules: this.options.rules ?? [],
      },
      ...(prefetch === undefined ? {} : { prefetch }),
      access: { onwardSharing: this.options.onwardSharing ?? 'permit' },
      consent: this.options.mitz === undefined ? {} : { mitz: this.options.mitz },
      hl7: {
        ...{ host: '127.0.0.1', port: 0, application: 'TWIIN', processingIds: ['P'], maxMessageMiB: 16 },
        ...{ senders: [{ application: 'ZIS', characterSet: '8859/1' }], patientIdAuthorities: ['ZIS'] },
      },
    }
    return parts as Partial<Record<keyof Settings, unknown>> as Settings
  }
}

/** Resolves to the first answer that is something; there is no event for what a test waits for in several places. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A (which sends to B by AE title) and B, in one network. */
export async function twoHospitals({
  clock = new ShiftableClock(),
  commitment = false,
  ofA = {},
  ofB = {},
}: {
  clock?: ShiftableClock
  commitment?: boolean
  ofA?: Partial<Options>
  ofB?: Partial<Options>
} = {}) {
  const network = await TestNetwork.open({ clock })
  const a = await TestHospital.open(
    { ura: '90000001', name: 'A', sendTo: '90000002', commitment, ...ofA },
    network,
  )
  const b = await TestHospital.open({ ura: '90000002', name: 'B', commitment, ...ofB }, network)
  return {
    ...{ network, a, b },
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]()
      await b[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
    },
  }
}
