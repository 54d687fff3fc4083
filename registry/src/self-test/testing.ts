import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { selfTestAnswer, selfTestRequest } from '@twiin/protocol'
import type { SelfTestAnswer, SelfTestRequest } from '@twiin/protocol'
import { ManualClock, TwiinError, silentLogger } from '@twiin/runtime'
import { Books } from '../ledger/books.ts'
import { SelfTests } from './self-tests.ts'

const day = 86_400_000

/** A node as the registry meets it on the line: well, unless told otherwise. */
export class FakeNode {
  readonly peerId = NodeKey.generate().peerId
  readonly asked: SelfTestRequest[] = []
  readonly uid = `2.25.${this.peerId.length}${Math.floor(Math.random() * 1e9)}`
  /** What it answers instead, by kind; an error breaks the line. */
  readonly instead = new Map<SelfTestRequest['kind'], SelfTestAnswer | TwiinError>()
  /** Told before it answers; what it throws breaks the line. */
  onAsked: (request: SelfTestRequest) => void = () => {}
  clock: ManualClock
  uidOf: (peerId: string) => string

  constructor(clock: ManualClock, uidOf: (peerId: string) => string) {
    this.clock = clock
    this.uidOf = uidOf
  }

  kinds(): string[] {
    return this.asked.map(({ kind }) => kind)
  }

  answer(request: SelfTestRequest): SelfTestAnswer {
    this.asked.push(request)
    this.onAsked(request)
    const instead = this.instead.get(request.kind)
    if (instead instanceof Error) throw instead
    if (instead !== undefined) return instead
    switch (request.kind) {
      case 'hello':
        return { kind: 'hello', version: '1.2.3', time: this.clock.now() }
      case 'echo':
        return { kind: 'echo', loop: true, pacs: true }
      case 'hold':
        return { kind: 'study', studyInstanceUid: this.uid }
      case 'find':
        return { kind: 'study', studyInstanceUid: this.uidOf(request.peer) }
      case 'send':
        return { kind: 'sent', receipt: true }
      case 'received':
        return { kind: 'received', whole: true }
      case 'end':
        return { kind: 'ended' }
    }
  }
}

/** A ledger on disk, nodes on a line in memory, a clock that the test moves. */
export class World implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly nodes = new Map<string, FakeNode>()
  readonly told: string[] = []
  readonly lanes = new Set<number | undefined>()
  readonly books: Books
  readonly tests: SelfTests
  readonly #dir: string
  #serial = 16

  private constructor(dir: string, books: Books, clock: ManualClock, references: readonly string[]) {
    this.#dir = dir
    this.books = books
    this.clock = clock
    let id = 0
    this.tests = new SelfTests(
      { references, retryMs: 30_000 },
      {
        ...{ books, clock, log: silentLogger },
        host: {
          ask: async (peerId, _protocol, bytes, { lane }) => {
            this.lanes.add(lane)
            // Others get their turn, as on a line.
            await new Promise((resolve) => setImmediate(resolve))
            const node = this.nodes.get(peerId)
            if (node === undefined) throw new TwiinError('PEER_UNREACHABLE')
            return selfTestAnswer.encode(node.answer(selfTestRequest.decode(bytes)))
          },
        },
        tell: (run, state) => this.told.push(`${run.slice(0, 2)} ${state}`),
        random: (bytes) => new Uint8Array(bytes).fill(++id),
      },
    )
  }

  static async open({ references = [] as string[] } = {}): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-self-tests-'))
    const clock = new ManualClock()
    const books = await Books.open({ file: join(dir, 'ledger.jsonl') }, { clock })
    return new World(dir, books, clock, references)
  }

  /** Approved, enrolled, and it said where it is. */
  async join(ura: string, { announces = true } = {}): Promise<FakeNode> {
    const node = new FakeNode(this.clock, (peerId) => this.nodes.get(peerId)?.uid ?? '1.2.3')
    const { peerId } = node
    this.nodes.set(peerId, node)
    const digest = (this.#serial++).toString(16).padStart(64, '0')
    const application = {
      ...{ organisation: `Clinic ${ura}`, ura, category: 'clinic' as const, level: 2 },
      ...{ declaredPatients: 100, mailboxes: [] },
    }
    const lifetime = { notBefore: this.clock.now(), notAfter: this.clock.now() + 30 * day }
    const enrolment = { digest, expiresAt: this.clock.now() + day }
    for (const by of ['one', 'two'])
      await this.books.record(() => ({
        ...{ act: 'approved', id: ura, by, digest, application },
        ...(by === 'two' && { enrolment }),
      }))
    await this.books.record(() => ({
      ...{ act: 'certifying', peerId, ura, role: 'member', token: digest },
      ...lifetime,
    }))
    await this.books.record(() => ({
      ...{ act: 'issued', serial: digest.slice(-8), peerId, ura, name: application.organisation },
      ...{ role: 'member', certificate: 'AA==' },
      ...lifetime,
    }))
    if (announces) await this.announce(node)
    return node
  }

  async announce({ peerId }: FakeNode): Promise<void> {
    await this.books.record((_, now) => ({
      ...{ act: 'announced', peerId, issuedAt: now, mailboxes: [] },
      addresses: ['/ip4/192.0.2.1/tcp/4001'],
    }))
  }

  exchanges({ peerId }: FakeNode): boolean {
    return this.books.register.keys.get(peerId)?.exchangingSince !== undefined
  }

  results() {
    return [...this.books.register.selfTests.values()]
  }

  /** Lets everything happen that needs no time to pass: until nobody asks, tells or writes any more. */
  async settle(): Promise<void> {
    let before = -1
    while (before !== this.#activity()) {
      before = this.#activity()
      for (let turn = 0; turn < 40; turn++) {
        if (turn % 10 === 0) await this.books.record(() => undefined)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  #activity(): number {
    const asked = [...this.nodes.values()].reduce((sum, node) => sum + node.asked.length, 0)
    return asked + this.told.length
  }

  /** As `settle`, while so much time passes, in steps. */
  async pass(ms: number): Promise<void> {
    await this.settle()
    for (let left = ms; left > 0; left -= 500) {
      await this.clock.advance(Math.min(500, left))
      await this.settle()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tests.stop()
    await this.books.close()
    await rm(this.#dir, { recursive: true })
  }
}
