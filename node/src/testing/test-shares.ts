import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { AuditEntry } from '@twiin/audit'
import { Lifecycle, createLogger } from '@twiin/runtime'
import type { Clock, TwiinError } from '@twiin/runtime'
import { PackageWriter } from '@twiin/share-package'
import { DiskReserve, Store } from '@twiin/store'
import { Account } from '../account/account.ts'
import { openMasterKey } from '../composition/master-key.ts'
import { composeShareParts } from '../composition/share-parts.ts'
import { buckets } from '../config/buckets.ts'
import type { ShareSettings } from '../config/share-settings.ts'
import { LiveEvents } from '../http/events.ts'
import type { Chosen, MadePackage, PackageOrder, PackageTarget } from '../share-package/package-order.ts'
import type { BroughtPackage } from '../share-package/share-packages.ts'
import type { ShareMail } from '../share-messages/link-mail.ts'
import type { Proof } from '../shares/patient-door.ts'
import type { CodeHashing } from '../shares/tries.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'

const shareSettings: ShareSettings = {
  ...{ host: '127.0.0.1', port: 8444, publicUrl: 'https://delen.ziekenhuis.example' },
  ...{ helpPhone: '010 000 00 00', validDays: 14, reportDelayDays: 7, keepDays: 400 },
  ...{ trustedProxies: [], postsPerMinute: 600, connectionsPerNetwork: 400 },
  mail: { host: 'localhost', port: 25, secure: false, from: 'beelden@ziekenhuis.example' },
  sms: { kind: 'folder', dir: '/nowhere' },
  oidc: {
    ...{ issuer: 'https://broker.example', clientId: 'x', clientSecretFile: '/nowhere' },
    ...{ bsnClaim: 'bsn', label: 'DigiD', simulator: true },
  },
}
export const shared: Chosen = {
  studies: [
    {
      ...{ studyInstanceUid: '1.2.3', date: '2026-03-14', hospital: 'A (fictief)', holder: '90000001' },
      words: { nl: 'CT-scan van de borst', en: 'CT scan of the chest' },
      ...{ local: true, reports: 1, youngestReport: '2026-03-15', instances: 3, bytes: 4096 },
    },
  ],
  ...{ patient: { citizenNumber: '999990019', localId: '4711' }, name: 'A. Jansen', bsn: '999990019' },
}

/** Quick, for tests that are not about how slow it is. */
const quickHash = (code: string) => createHash('sha256').update(code).digest('hex')
export const quickHashing = (onCompared: () => void = () => {}): CodeHashing => ({
  hash: async (code) => quickHash(code),
  matches: async (code, stored) => {
    onCompared()
    return quickHash(code) === stored
  },
  decoy: quickHash('a decoy'),
})

interface Options {
  clock: Clock
  hashing?: CodeHashing
  share?: Partial<ShareSettings>
  random?: (bytes: number) => Uint8Array
}

/** Packages of one small entry, encrypted as the real ones are; the test says when, and whether. */
class TestPackages {
  chosen: Chosen = shared
  /** Awaited before the file is whole. */
  gate: () => Promise<void> = async () => {}
  /** Awaited before everything is here. */
  far: (signal: AbortSignal) => Promise<void> = async () => {}
  /** What is only known once it is here. */
  youngestReport = ''
  readonly keys: Uint8Array[] = []
  /** As they were chosen and made. */
  readonly orders: PackageOrder[] = []

  async choose(order: PackageOrder): Promise<Chosen> {
    this.orders.push(order)
    return this.chosen
  }

  async bring(order: PackageOrder, _person: object, signal: AbortSignal): Promise<BroughtPackage> {
    this.orders.push(order)
    await this.far(signal)
    signal.throwIfAborted()
    return { studies: [], order, patient: '' }
  }

  async write(_brought: BroughtPackage, to: PackageTarget): Promise<MadePackage> {
    this.keys.push(to.key.slice())
    const file = await open(to.file, 'w', 0o600)
    try {
      const writer = new PackageWriter(
        { key: to.key, salt: randomBytes(16) },
        { write: async (bytes) => void (await file.write(bytes)) },
      )
      await writer.add({ kind: 'report-text' }, [Buffer.from('het verslag')])
      await this.gate()
      to.signal.throwIfAborted()
      const made = { hospital: 'A', madeAt: new Date().toISOString(), language: 'nl', patient: '' } as const
      const { bytes } = await writer.finish({ ...made, downloads: true, studies: [] })
      return { bytes, pictures: 0, lost: 0, reports: 1, youngestReport: this.youngestReport }
    } finally {
      await file.close()
    }
  }
}

/** Mail and text messages that arrive here. */
class TestMessages {
  readonly mails: { to: string; mail: ShareMail }[] = []
  readonly texts: { to: string; text: string }[] = []
  /** Thrown at each. */
  failure: TwiinError | undefined
  onTried: () => void = () => {}
  readonly mail = {
    send: async (to: string, mail: ShareMail) => {
      this.onTried()
      if (this.failure !== undefined) throw this.failure
      this.mails.push({ to, mail })
    },
  }
  readonly sms = {
    send: async (to: string, text: string) => {
      if (this.failure !== undefined) throw this.failure
      this.texts.push({ to, text })
    },
  }

  /** The code of the newest. */
  get code(): string {
    return /\d{6}/.exec(this.texts.at(-1)?.text ?? '')?.[0] ?? ''
  }
}

/** Shares as a node composes them, on a disk of their own, without pages. */
export class TestShares implements AsyncDisposable {
  readonly dir: string
  readonly packages = new TestPackages()
  readonly messages = new TestMessages()
  readonly logLines: string[] = []
  readonly over: string[] = []
  readonly #options: Options
  #running!: ReturnType<typeof composeShareParts> & { lifecycle: Lifecycle; auditLog: AuditLog; store: Store }

  private constructor(dir: string, options: Options) {
    this.dir = dir
    this.#options = options
  }

  static async open(options: Options): Promise<TestShares> {
    const shares = new TestShares(await mkdtemp(join(tmpdir(), 'shares-')), options)
    await shares.start()
    return shares
  }

  /** What a process finds that starts after this one was killed at this moment. */
  async killed(): Promise<TestShares> {
    const copy = new TestShares(await mkdtemp(join(tmpdir(), 'shares-')), this.#options)
    await cp(this.dir, copy.dir, { recursive: true })
    await copy.start()
    return copy
  }

  async start(): Promise<void> {
    const { clock, hashing = quickHashing(), random = randomBytes } = this.#options
    const log = createLogger({
      level: 'debug',
      destination: { write: (line) => void this.logLines.push(line) },
    })
    await mkdir(join(this.dir, 'keys'), { recursive: true })
    const sealer = await openMasterKey(this.dir)
    const reserve = new DiskReserve({ dir: this.dir, reserveBytes: 1024, ballastBytes: 1024 }, { log })
    const store = new Store({ dir: join(this.dir, 'catalogue') }, { sealer, log })
    const auditLog = new AuditLog({}, { store, clock })
    const bundle = { member: () => undefined } as unknown as NetworkBundle
    const organisation = { ura: '90000001', name: 'A (fictief)' }
    const account = new Account({ organisation }, { log: auditLog, bundle, clock })
    const parts = composeShareParts(
      {
        ...{ share: { ...shareSettings, ...this.#options.share }, hospital: organisation.name },
        dir: join(this.dir, 'shares'),
      },
      {
        ...{ store, reserve, account, events: new LiveEvents(), clock, random, log, hashing },
        ...{ packages: this.packages, messengers: this.messages },
      },
    )
    parts.door.onOver((id) => this.over.push(id))
    const lifecycle = new Lifecycle([reserve, store, auditLog, ...parts.services])
    await lifecycle.start()
    this.#running = { ...parts, lifecycle, auditLog, store }
  }

  /** `from`: the network that calls; each time another unless a test says so. */
  get door() {
    const { door } = this.#running
    return {
      askCode: (link: string, from: string = randomUUID()) => door.askCode(link, from),
      enter: (link: string, proof: Proof, from: string = randomUUID()) => door.enter(link, proof, from),
      opened: (id: string) => door.opened(id),
      history: (id: string) => door.history(id),
      noted: (id: string, what: 'viewed' | 'downloaded') => door.noted(id, what),
      block: (id: string) => door.block(id),
      settled: () => door.settled(),
    }
  }

  get life() {
    return this.#running.life
  }

  get routes() {
    return this.#running.routes
  }

  stop(): Promise<void> {
    return this.#running.lifecycle.stop()
  }

  /** Audit entries, oldest first. */
  async audit(): Promise<AuditEntry[]> {
    const found: AuditEntry[] = []
    for await (const { entry } of this.#running.auditLog.entries({})) found.push(entry)
    return found
  }

  /** Bytes of each value on disk: of shares by id, of links that nobody made by place. */
  async sizesOfTries(): Promise<[Map<string, number>, Map<string, number>]> {
    const sizes = [new Map<string, number>(), new Map<string, number>()] as [
      Map<string, number>,
      Map<string, number>,
    ]
    for await (const [key, value] of this.#running.store.sealedEntries())
      for (const [at, bucket] of [buckets.shareTries, buckets.shareDecoys].entries())
        if (key.startsWith(bucket)) sizes[at]?.set(key.slice(bucket.length + 1), value.length)
    return sizes
  }

  /** Every file under the data folder, as bytes. */
  async filesOnDisk(): Promise<Buffer[]> {
    const files = await readdir(this.dir, { recursive: true, withFileTypes: true })
    return Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
