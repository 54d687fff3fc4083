import { createHash } from 'node:crypto'
import { rm, unlink } from 'node:fs/promises'
import type { InstanceHead } from '@twiin/dicom'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { SealedBlobWriter } from '@twiin/store'
import type { DiskReserve, Sealer } from '@twiin/store'
import { checkHead } from './arrival.ts'
import type { Arrival } from './arrival.ts'
import type { InstanceFiles } from './instance-files.ts'
import { patientFacts } from './patient-facts.ts'
import { ownerOf } from './records.ts'
import type { Origin } from './records.ts'

export interface IncomingFacts {
  sopClassUid: string
  sopInstanceUid: string
  transferSyntaxUid: string
  origin: Origin
  /**
   * Makes the reception survive a restart: opening again with the same text continues after the last durable chunk.
   * Without it the bytes of an interrupted reception are dropped.
   */
  resumeAs?: string
}

export interface Committed {
  /** `conflict`: another data set has this SOP Instance UID; it stays, this one is set aside and does not count. */
  outcome: 'stored' | 'already-here' | 'conflict'
  /** Handle of the study. */
  study: string
}

/** One instance being received. Nothing counts until `commit` has resolved. Calls are made one after the other. */
export interface IncomingInstance {
  /** Bytes taken so far, those of an earlier attempt included. */
  readonly size: number
  /** The bytes may be reused once it resolves. Throws OUT_OF_RESOURCES. */
  write(chunk: Uint8Array): Promise<void>
  /** The first `length` bytes received (default 64 KiB), fewer when fewer came. */
  head(length?: number): Promise<Buffer>
  /** SHA-256 of all bytes so far. */
  digest(): Buffer
  /** Makes what was written so far durable; returns how many bytes a resumed reception will find. */
  checkpoint(): Promise<number>
  /**
   * Resolves once bytes and catalogue record are on disk. `citizenNumbers`: when not the
   * `citizenNumberCandidates` of the head.
   * Throws HEADER_MISMATCH, HEADER_INVALID, OUT_OF_RESOURCES; a commit that failed leaves nothing open and no bytes.
   */
  commit(head: InstanceHead, options?: { citizenNumbers?: readonly string[] }): Promise<Committed>
  /** Lets go of it, keeping what was received for `resumeAs`. */
  suspend(): Promise<void>
  /** Does nothing after `commit` or `suspend`. */
  discard(): Promise<void>
}

export interface ReceptionDeps {
  files: InstanceFiles
  sealer: Sealer
  reserve: DiskReserve
  clock: Clock
  random: (bytes: number) => Uint8Array
  catalogue: (arrival: Arrival) => Promise<Committed>
  onClosed: (reception: Reception) => void
}

/** The disk is asked again after so many bytes. */
const admissionStep = 8 * 1024 * 1024

export class Reception implements IncomingInstance {
  readonly #facts: IncomingFacts
  readonly #deps: ReceptionDeps
  readonly #hash = createHash('sha256')
  #writer!: SealedBlobWriter
  /** Whether the file's name is on disk; runs while the bytes come in. */
  #named: Promise<void> = Promise.resolve()
  #admitted = admissionStep
  /** Of the file that can be resumed. */
  #partial: string | undefined
  #closed = false

  private constructor(facts: IncomingFacts, deps: ReceptionDeps) {
    this.#facts = facts
    this.#deps = deps
  }

  static async open(facts: IncomingFacts, deps: ReceptionDeps): Promise<Reception> {
    await deps.reserve.require(admissionStep)
    const reception = new Reception(facts, deps)
    reception.#writer = await reception.#openFile()
    return reception
  }

  get size(): number {
    return this.#writer.length
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#mustBeOpen()
    if (this.size + chunk.length > this.#admitted) {
      await this.#deps.reserve.require(chunk.length + admissionStep)
      this.#admitted = this.size + chunk.length + admissionStep
    }
    await this.#writer.write(chunk)
    this.#hash.update(chunk)
  }

  async head(length = 64 * 1024): Promise<Buffer> {
    this.#mustBeOpen()
    return this.#writer.readBack(length)
  }

  digest(): Buffer {
    return this.#hash.copy().digest()
  }

  async checkpoint(): Promise<number> {
    this.#mustBeOpen()
    return this.#writer.checkpoint()
  }

  async commit(head: InstanceHead, options: { citizenNumbers?: readonly string[] } = {}): Promise<Committed> {
    this.#mustBeOpen()
    const { clock, catalogue } = this.#deps
    const blob = Buffer.from(this.#writer.id).toString('hex')
    const { transferSyntaxUid, origin } = this.#facts
    const size = this.size
    try {
      checkHead(head, this.#facts)
      await this.#finish(blob)
    } catch (error) {
      await this.discard()
      await rm(this.#deps.files.incomingPath(blob), { force: true })
      throw error
    }
    this.#closed = true
    this.#deps.onClosed(this)
    // From here the file is the catalogue's: if that write fails it may have been stored all the same, and the next
    // start tells which.
    const patient = patientFacts(head, options.citizenNumbers)
    const receivedAt = clock.now()
    return catalogue({
      head,
      patient,
      origin,
      transferSyntaxUid,
      size,
      sha256: this.digest(),
      blob,
      receivedAt,
    })
  }

  async suspend(): Promise<void> {
    if (this.#partial === undefined) return this.discard()
    if (this.#closed) return
    this.#closed = true
    const { files, clock, onClosed } = this.#deps
    try {
      await this.#writer.suspend()
    } finally {
      await files.partials.leave(this.#partial, this.size, clock.now())
      onClosed(this)
    }
  }

  async discard(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.#writer.discard()
    } finally {
      this.#deps.onClosed(this)
    }
  }

  /** The bytes and their name are durable in `incoming`. */
  async #finish(blob: string): Promise<void> {
    await this.#writer.finish()
    if (this.#partial === undefined) await this.#named
    else await this.#deps.files.partialToIncoming(this.#partial, blob)
  }

  async #openFile(): Promise<SealedBlobWriter> {
    const { files, sealer, random } = this.#deps
    const { resumeAs, origin } = this.#facts
    const id = random(16)
    if (resumeAs !== undefined) {
      const path = await files.partials.take(ownerOf(origin), resumeAs)
      this.#partial = path
      return (await this.#resume(path)) ?? (await SealedBlobWriter.create(path, id, sealer))
    }
    const writer = await SealedBlobWriter.create(
      files.incomingPath(Buffer.from(id).toString('hex')),
      id,
      sealer,
    )
    this.#named = files.incoming.sync()
    this.#named.catch(() => {}) // told by commit
    return writer
  }

  async #resume(path: string): Promise<SealedBlobWriter | undefined> {
    try {
      const { writer } = await SealedBlobWriter.resume(path, this.#deps.sealer, (plain) =>
        this.#hash.update(plain),
      )
      this.#admitted += writer.length
      return writer
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      if (codeOf(error) !== 'SEAL_BROKEN') throw error
      await unlink(path) // a power cut took even its first bytes
      return undefined
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new TwiinError('INCOMING_CLOSED')
  }
}
