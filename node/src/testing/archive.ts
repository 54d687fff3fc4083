import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { decodeIdentifier, encodeIdentifier, matches } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { DimseServer, commitmentFailure, dimseStatus } from '@twiin/dimse'
import type {
  Admittance,
  CommitmentRequestReceived,
  DimseProvider,
  QueryRequest,
  ServerTls,
  StoreRequest,
  StoreSink,
  StoreStatus,
} from '@twiin/dimse'
import { TwiinError, silentLogger } from '@twiin/runtime'

interface Stored {
  sopInstanceUid: string
  dataSet: Buffer
  sha256: string
}

/** A PACS on a real socket, with a line that breaks. */
export class Archive implements DimseProvider, AsyncDisposable {
  readonly stored: Stored[] = []
  /** Every object that came in whole, also the ones that broke the line. */
  readonly offered: string[] = []
  associations = 0
  readonly commitmentsAsked: string[][] = []
  /** Instances that it took and loses before it is asked for them, once. */
  readonly loses = new Set<string>()
  /** Instances that its results do not name. */
  readonly leavesOut = new Set<string>()
  answersCommitment = true
  /** What it answers a C-FIND with, of whatever model and level; undefined: it has none of that. */
  known: readonly Attributes[] | undefined
  /** Every C-FIND it was asked. */
  readonly questions: Attributes[] = []
  /** And of which model. */
  readonly models: string[] = []
  /** Whether a question for something in a sequence is matched, or answered with everybody. */
  matchesSequences = true
  /** Whether it is there: without, every connection is closed at once. */
  isUp = true
  /** How often somebody came while it was away. */
  knocks = 0
  /** What it does with an object: a status, or break the line. */
  judge: (sopInstanceUid: string) => StoreStatus | 'break' = () => dimseStatus.success
  readonly #server: DimseServer
  readonly #sockets = new Set<Socket>()
  readonly #line = createServer((near) => this.#relay(near))

  private constructor(tls?: ServerTls) {
    const options = { host: '127.0.0.1', port: 0, ...(tls && { tls }) }
    this.#server = new DimseServer(options, { provider: this, log: silentLogger })
  }

  static async start(tls?: ServerTls): Promise<Archive> {
    const archive = new Archive(tls)
    await archive.#server.start()
    await once(archive.#line.listen(0, '127.0.0.1'), 'listening')
    return archive
  }

  get port(): number {
    return (this.#line.address() as AddressInfo).port
  }

  admit(): Admittance {
    this.associations++
    return 'accept'
  }

  async *find({ identifier, transferSyntaxUid, sopClassUid }: QueryRequest): AsyncGenerator<Buffer> {
    const question = await decodeIdentifier(identifier, transferSyntaxUid)
    this.questions.push(question)
    this.models.push(sopClassUid)
    if (this.known === undefined)
      throw new TwiinError('DIMSE_REFUSED', { status: 0xa900, comment: 'no query here' })
    const asked = new Map(
      [...question].filter(([key, { vr }]) => key !== '00080052' && (vr !== 'SQ' || this.matchesSequences)),
    )
    for (const one of this.known) if (matches(asked, one)) yield encodeIdentifier(one, transferSyntaxUid)
  }

  /** Commits itself to what it has, on the association that asked. */
  async commit(request: CommitmentRequestReceived): Promise<void> {
    const { transactionUid, references } = request
    this.commitmentsAsked.push(references.map(({ sopInstanceUid }) => sopInstanceUid))
    const kept = new Set(
      this.stored.map(({ sopInstanceUid }) => sopInstanceUid).filter((uid) => !this.loses.delete(uid)),
    )
    const named = references.filter(({ sopInstanceUid }) => !this.leavesOut.has(sopInstanceUid))
    const committed = named.filter(({ sopInstanceUid }) => kept.has(sopInstanceUid))
    const failed = named.filter(({ sopInstanceUid }) => !kept.has(sopInstanceUid))
    if (!this.answersCommitment) return
    setImmediate(
      () =>
        void request.reply({
          transactionUid,
          committed,
          failed: failed.map((one) => ({ ...one, reason: commitmentFailure.noSuchObject })),
        }),
    )
  }

  async openStore({ sopInstanceUid }: StoreRequest): Promise<StoreSink> {
    const chunks: Buffer[] = []
    return {
      write: async (chunk) => void chunks.push(chunk),
      finish: async () => {
        this.offered.push(sopInstanceUid)
        const verdict = this.judge(sopInstanceUid)
        if (verdict === 'break') {
          for (const socket of this.#sockets) socket.destroy()
          return dimseStatus.processingFailure
        }
        const dataSet = Buffer.concat(chunks)
        const sha256 = createHash('sha256').update(dataSet).digest('hex')
        if (verdict === dimseStatus.success) this.stored.push({ sopInstanceUid, dataSet, sha256 })
        return verdict
      },
      abort: async () => {},
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#line.close()
    for (const socket of this.#sockets) socket.destroy()
    await this.#server.stop()
  }

  #relay(near: Socket): void {
    if (!this.isUp) {
      this.knocks++
      near.on('error', () => {})
      near.destroy()
      return
    }
    const far = connect(this.#server.address().port, '127.0.0.1')
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => this.#sockets.delete(socket))
    }
    near.pipe(far).pipe(near)
  }
}
