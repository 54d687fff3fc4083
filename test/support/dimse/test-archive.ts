import {
  attribute,
  decodeAttributes,
  decodeIdentifier,
  encodeIdentifier,
  matches,
  part10Header,
  textOf,
} from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import {
  DimseServer,
  dimseStatus,
  isStored,
  openAssociation,
  storageCommitmentPush,
  transferSyntax,
} from '@twiin/dimse'
import type {
  ClientTls,
  CommitmentRequestReceived,
  CommitmentResult,
  CommitmentResultReceived,
  DimseProvider,
  MoveRequest,
  OutgoingInstance,
  QueryRequest,
  RetrievedInstance,
  ServerTls,
  StoreRequest,
  StoreSink,
  SubOperations,
} from '@twiin/dimse'
import { TwiinError, silentLogger } from '@twiin/runtime'
import { wholeFiles } from './whole-file.ts'
import type { WholeFile } from './whole-file.ts'

export interface Held extends OutgoingInstance {
  bytes: Buffer
  attributes: Attributes
}

interface Peer {
  host: string
  port: number
  tls?: ClientTls
}

export const ourAe = 'TWIIN'
const studyLevelKeys = [
  '00080005',
  '00080020',
  '00080050',
  '00080061',
  '00100010',
  '00100020',
  '0020000D',
  '00200010',
]

/** An archive in memory that offers all that `packages/dimse` can serve: the other side of the interop matrix. */
export class TestArchive implements DimseProvider {
  readonly held = new Map<string, Held>()
  readonly results: CommitmentResult[] = []
  /** How associations ended. */
  readonly ends: string[] = []
  /** By AE title. */
  readonly peers = new Map<string, Peer>()
  #changed: (() => void) | undefined

  admit({ calledAe }: { calledAe: string }) {
    return calledAe === ourAe ? ('accept' as const) : ('called-ae-not-recognized' as const)
  }

  associationEnded(_info: unknown, how: string): void {
    this.ends.push(how)
    this.#changed?.()
  }

  async hold(instance: Omit<OutgoingInstance, 'dataSet'>, bytes: Buffer): Promise<void> {
    const limits = { maxBytes: 2 ** 26, maxElements: 100_000, keepBytes: 1024, untilPixelData: true }
    // the fiction of HTJ2K is a fiction for readers of heads too
    const attributes = await decodeAttributes(bytes, instance.transferSyntaxUid, limits)
    const dataSet = async function* () {
      yield bytes
    }
    this.held.set(instance.sopInstanceUid, { ...instance, bytes, attributes, dataSet })
    this.#changed?.()
  }

  async openStore(request: StoreRequest): Promise<StoreSink> {
    const chunks: Buffer[] = []
    return {
      write: async (chunk) => void chunks.push(chunk),
      finish: async () => {
        await this.hold(request, Buffer.concat(chunks))
        return dimseStatus.success
      },
      abort: async () => {},
    }
  }

  async *find(request: QueryRequest): AsyncGenerator<Buffer> {
    const query = await decodeIdentifier(request.identifier, request.transferSyntaxUid)
    if (textOf(query, '00080052') !== 'STUDY') throw new TwiinError('DIMSE_REFUSED', { status: 0xa900 })
    const studies = new Map(
      [...this.held.values()].map(({ attributes }) => [textOf(attributes, '0020000D'), attributes]),
    )
    for (const attributes of studies.values()) {
      if (!matches(query, attributes)) continue
      const answer: Attributes = new Map([attribute('00080052', 'STUDY'), attribute('00080054', ourAe)])
      for (const key of studyLevelKeys) {
        const value = attributes.get(key)
        if (value !== undefined && query.has(key)) answer.set(key, value)
      }
      yield encodeIdentifier(answer, request.transferSyntaxUid)
    }
  }

  async *move(request: MoveRequest): AsyncGenerator<SubOperations> {
    const destination = this.peers.get(request.destinationAe)
    if (destination === undefined)
      throw new TwiinError('DIMSE_REFUSED', { status: dimseStatus.moveDestinationUnknown })
    const wanted = await this.#select(request)
    yield { remaining: wanted.length, completed: 0, failed: 0, warning: 0 }
    await using association = await associate(request.destinationAe, destination, contextsFor(wanted))
    const { association: asker, messageId } = request
    const failedSopInstanceUids: string[] = []
    let completed = 0
    for (const instance of wanted) {
      const moveOriginator = { aeTitle: asker.callingAe, messageId }
      const stored = await association.store(instance, { moveOriginator }).then(
        ({ status }) => isStored(status),
        () => false,
      )
      if (stored) completed++
      else failedSopInstanceUids.push(instance.sopInstanceUid)
      const failed = failedSopInstanceUids.length
      yield {
        remaining: wanted.length - completed - failed,
        completed,
        failed,
        warning: 0,
        failedSopInstanceUids,
      }
    }
  }

  async *get(request: QueryRequest): AsyncGenerator<RetrievedInstance> {
    const wanted = await this.#select(request)
    for (const [index, instance] of wanted.entries())
      yield { ...instance, remaining: wanted.length - index - 1 }
  }

  /** Answers over an association of its own, as most do. */
  async commit(request: CommitmentRequestReceived): Promise<void> {
    const { transactionUid, references, association } = request
    const isHere = ({ sopInstanceUid }: { sopInstanceUid: string }) => this.held.has(sopInstanceUid)
    const result = {
      transactionUid,
      committed: references.filter(isHere),
      failed: references.filter((one) => !isHere(one)).map((one) => ({ ...one, reason: 0x0112 })),
    }
    const peer = this.peers.get(association.callingAe)
    if (peer === undefined) return void request.reply(result)
    const contexts = [
      {
        abstractSyntax: storageCommitmentPush,
        transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
        role: 'scp' as const,
      },
    ]
    void associate(association.callingAe, peer, contexts).then(async (opened) => {
      await opened.reportCommitment(result)
      await opened.release()
    })
  }

  async committed(report: CommitmentResultReceived): Promise<void> {
    this.results.push(report)
    this.#changed?.()
  }

  /** Resolves when `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#changed = resolve))
  }

  /** All it holds, as files. */
  files(): WholeFile[] {
    return wholeFiles([...this.held.values()].map((one) => Buffer.concat([part10Header(one), one.bytes])))
  }

  async #select({ identifier, transferSyntaxUid }: QueryRequest): Promise<Held[]> {
    const query = await decodeIdentifier(identifier, transferSyntaxUid)
    query.delete('00080052')
    return [...this.held.values()].filter(({ attributes }) => matches(query, attributes))
  }
}

export async function startArchive(options: { tls?: ServerTls } = {}) {
  const archive = new TestArchive()
  const server = new DimseServer(
    { host: '127.0.0.1', port: 0, ...options },
    { provider: archive, log: silentLogger },
  )
  await server.start()
  return Object.assign(archive, { port: server.address().port, [Symbol.asyncDispose]: () => server.stop() })
}

export type Contexts = { abstractSyntax: string; transferSyntaxes: string[]; role?: 'scu' | 'scp' }[]

export function associate(calledAe: string, { host, port, tls }: Peer, contexts: Contexts) {
  const options = { host, port, callingAe: ourAe, calledAe, contexts, ...(tls !== undefined && { tls }) }
  return openAssociation(options, { log: silentLogger })
}

export function contextsFor(
  instances: readonly { sopClassUid: string; transferSyntaxUid: string }[],
  role: 'scu' | 'scp' = 'scu',
): Contexts {
  return instances.map(({ sopClassUid, transferSyntaxUid }) => ({
    abstractSyntax: sopClassUid,
    transferSyntaxes: [transferSyntaxUid],
    role,
  }))
}

/** An identifier in Implicit VR. */
export function identifierOf(...attributes: [string, string][]): Buffer {
  return encodeIdentifier(
    new Map(attributes.map(([key, ...values]) => attribute(key, ...values))),
    transferSyntax.implicitVrLittleEndian,
  )
}
