import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LogKey, NodeKey } from '@twiin/identity'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { cosign, parseCheckpoint, verifyConsistency } from '@twiin/transparency'
import type { Checkpoint } from '@twiin/transparency'
import { Books } from '../ledger/books.ts'
import { foundNetwork } from './found-network.ts'
import { LedgerGuard } from './ledger-guard.ts'
import { logFiles } from './log-files.ts'
import { WitnessKeeper } from './tend-witnesses.ts'
import { TransparencyLog } from './transparency-log.ts'

const day = 86_400_000

/** A member that cosigns, as spec 11 §4 has it. */
export class TestWitness {
  readonly key: NodeKey
  /** What it signed last. */
  last: Checkpoint | undefined

  constructor(key: NodeKey = NodeKey.generate()) {
    this.key = key
  }

  get peerId(): string {
    return this.key.peerId
  }

  /** Its line for this note; throws when the log shrank, or its proof does not fit. */
  sign(note: string, path: readonly Uint8Array[], now: number): { size: number; line: string } {
    const checkpoint = parseCheckpoint(note)
    if (this.last !== undefined && !verifyConsistency({ first: this.last, second: checkpoint }, path))
      throw new Error('inconsistent')
    this.last = checkpoint
    const { publicKey, peerId } = this.key
    const signer = { name: peerId, publicKey, sign: (message: Uint8Array) => this.key.cosign(message) }
    return { size: checkpoint.size, line: cosign(checkpoint, signer, Math.floor(now / 1000)) }
  }
}

/** Acts that make this key an exchanging member, without certificates that anybody could read. */
export async function becomeMember(books: Books, peerId: string, ura: string): Promise<string> {
  const serial = Buffer.from(`${ura}${books.tree.size}`).toString('hex').slice(0, 40)
  const application = {
    ...{ organisation: `Clinic ${ura}`, ura, category: 'clinic' as const },
    ...{ declaredPatients: 1_000, mailboxes: ['radiology'] },
  }
  const token = serial.padEnd(64, '0')
  const id = `application-${ura}`
  const approved = { act: 'approved', id, digest: token, application } as const
  const expiresAt = Number.MAX_SAFE_INTEGER
  await books.record(() => ({ ...approved, by: 'administrator' }))
  await books.record(() => ({ ...approved, by: 'approver', enrolment: { digest: token, expiresAt } }))
  const validity = (now: number) => ({ notBefore: now, notAfter: now + 30 * day })
  const of = { peerId, ura, role: 'member' } as const
  await books.record((_, now) => ({ act: 'certifying', ...of, token, ...validity(now) }))
  const issued = { act: 'issued', serial, ...of, name: `Clinic ${ura}`, certificate: 'AAAA' } as const
  await books.record((_, now) => ({ ...issued, ...validity(now) }))
  return serial
}

export async function passSelfTest(books: Books, peerId: string): Promise<void> {
  const run = NodeKey.generate().peerId.slice(-32)
  const hex = Buffer.from(run).toString('hex').slice(0, 32)
  await books.record(() => ({
    ...{ act: 'self-tested', run: hex, peerId, reference: peerId, version: '1', passed: true },
    ...{ steps: [], by: 'console' },
  }))
}

interface TestLogOptions {
  openMs?: number
  graceMs?: number
  restoredWaitMs?: number
}

/** Ledger, log and keeper of witnesses in a folder of their own; without sockets, with a clock that the test moves. */
export class TestLog implements AsyncDisposable {
  readonly dir: string
  readonly clock: ManualClock
  readonly key: LogKey
  books!: Books
  guard!: LedgerGuard
  transparency!: TransparencyLog
  keeper!: WitnessKeeper
  readonly #options: TestLogOptions

  private constructor(dir: string, key: LogKey, options: TestLogOptions) {
    this.dir = dir
    this.key = key
    this.clock = new ManualClock(Date.UTC(2026, 10, 1))
    this.#options = options
  }

  static async create(options: TestLogOptions = {}): Promise<TestLog> {
    return TestLog.open(await mkdtemp(join(tmpdir(), 'twiin-log-')), LogKey.generate(), options)
  }

  static async open(dir: string, key: LogKey, options: TestLogOptions = {}): Promise<TestLog> {
    const log = new TestLog(dir, key, options)
    await log.start()
    return log
  }

  get files() {
    return logFiles(this.dir)
  }

  get identity() {
    return { origin: 'twiin.example/log', publicKey: this.key.publicKey }
  }

  async start(): Promise<void> {
    const { clock, files, identity, key } = this
    const { openMs = 1_500, graceMs = 0, restoredWaitMs = 300_000 } = this.#options
    const books = await Books.open({ file: files.ledger }, { clock })
    this.books = books
    const deps = { books, clock, log: silentLogger }
    const founding = { trustDomain: 'twiin.example', logKey: key.publicKey, foundingDays: 30 }
    try {
      await foundNetwork(founding, deps)
    } catch (error) {
      await books.close()
      throw error
    }
    this.guard = new LedgerGuard({ files, restoredWaitMs, identity }, deps)
    const signer = { publicKey: key.publicKey, sign: (text: Uint8Array) => key.signNote(text) }
    const guard = this.guard
    this.transparency = new TransparencyLog(
      { identity, files, openMs, gatherMs: 0 },
      { ...deps, guard, signer },
    )
    this.keeper = new WitnessKeeper(
      { foundingGraceMs: graceMs },
      { ...deps, transparency: this.transparency },
    )
    await this.guard.start()
    await this.transparency.start()
  }

  async stop(): Promise<void> {
    await this.keeper.stop()
    await this.transparency.stop()
    await this.guard.stop()
    await this.books.close()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Any line, so that the tree grows. */
  async grow(): Promise<number> {
    const digest = 'a'.repeat(64)
    await this.books.record(({ published }) => {
      return { act: 'published', version: (published?.version ?? 0) + 1, digest }
    })
    await this.transparency.openNow()
    return this.books.tree.size - 1
  }

  /** Exchanging members, of whom the set of witnesses is made. */
  async witnesses(count: number, from = 0): Promise<TestWitness[]> {
    const made: TestWitness[] = []
    for (let i = from; i < from + count; i++) {
      const witness = new TestWitness()
      await this.clock.advance(1)
      await becomeMember(this.books, witness.peerId, String(10_000_001 + i))
      await passSelfTest(this.books, witness.peerId)
      made.push(witness)
    }
    await this.keeper.tend()
    await this.settle()
    return made
  }

  /** Until everything there is stands in the open checkpoint; the clock moves as far as that takes, and no further. */
  async settle(): Promise<void> {
    await this.transparency.openNow()
    while (this.transparency.open.size < this.books.tree.size) {
      const until = this.transparency.open.openedAt + (this.#options.openMs ?? 1_500)
      await this.clock.advance(Math.max(0, until - this.clock.now()))
      await this.transparency.openNow()
    }
  }

  /** The open checkpoint, cosigned by these. */
  async cosign(...witnesses: TestWitness[]): Promise<void> {
    const { size, note } = this.transparency.open
    for (const witness of witnesses) {
      const path = this.books.tree.consistencyProof(witness.last?.size ?? 0, size)
      const said = witness.sign(note, path, this.clock.now())
      await this.transparency.takeCosignature(said.size, said.line)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {})
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** The same lines with one of them changed, and everything behind it made to follow: what only a forger can write. */
export function rechained(
  lines: readonly string[],
  index: number,
  change: (line: string) => string,
): string[] {
  const made: string[] = []
  for (const [i, line] of lines.entries()) {
    const before = made.at(-1)
    const prev = before === undefined ? '0'.repeat(64) : createHash('sha256').update(before).digest('hex')
    const follows = { ...(JSON.parse(i === index ? change(line) : line) as object), prev }
    made.push(JSON.stringify(follows))
  }
  return made
}
