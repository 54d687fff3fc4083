/** What the tests of this package share: a provider that keeps what it gets, and a peer that says exactly what it is told. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { silentLogger } from '@twiin/runtime'
import { expect } from 'vitest'
import { encodeAssociateRequest } from './upper-layer/associate-pdu.ts'
import type { ProposedContext } from './upper-layer/associate-pdu.ts'
import { encodeCommand } from './messages/command-set.ts'
import type { Command } from './messages/command-set.ts'
import type { DimseProvider } from './dimse-provider.ts'
import { DimseServer } from './dimse-server.ts'
import type { DimseServerOptions } from './dimse-server.ts'
import { openAssociation } from './open-association.ts'
import type { AssociationDeps, AssociationOptions } from './open-association.ts'
import { decodePdvs, encodePdu, pduType } from './upper-layer/pdu.ts'
import { dimseStatus } from './status.ts'
import type { AssociationInfo, StoreProvider, StoreRequest, StoreSink } from './store-provider.ts'
import type { ServerTls } from './upper-layer/tls.ts'
import { queryRetrieve, transferSyntax, verificationClass } from './uids.ts'

export const ctImage = '1.2.840.10008.5.1.4.1.1.2'
export const explicitLittle = transferSyntax.explicitVrLittleEndian
export const bothContexts = [
  { abstractSyntax: verificationClass, transferSyntaxes: [transferSyntax.implicitVrLittleEndian] },
  { abstractSyntax: ctImage, transferSyntaxes: [explicitLittle] },
]

/** Keeps finished objects in `stored`, notes what else happened in `notices`. */
export class CollectingProvider implements StoreProvider {
  readonly stored: { request: StoreRequest; dataSet: Buffer }[] = []
  readonly notices: string[] = []
  /** Replaces parts of each sink. */
  readonly #sink: (request: StoreRequest) => Partial<StoreSink>
  #onNotice: (() => void) | undefined

  constructor(sink: (request: StoreRequest) => Partial<StoreSink> = () => ({})) {
    this.#sink = sink
  }

  admit(info: AssociationInfo) {
    if (info.callingAe === 'STRANGER') return 'calling-ae-not-recognized' as const
    return info.calledAe === 'ARCHIVE' ? ('accept' as const) : ('called-ae-not-recognized' as const)
  }

  async openStore(request: StoreRequest): Promise<StoreSink | { refuse: number }> {
    const chunks: Buffer[] = []
    return {
      write: async (chunk) => void chunks.push(chunk),
      finish: async () => {
        this.stored.push({ request, dataSet: Buffer.concat(chunks) })
        return dimseStatus.success
      },
      abort: async (reason) => this.#note(`abort ${reason}`),
      ...this.#sink(request),
    }
  }

  associationEnded(_info: AssociationInfo, how: string): void {
    this.#note(`ended ${how}`)
  }

  /** Resolves when `notice` has been seen. */
  async noticed(notice: string): Promise<void> {
    while (!this.notices.includes(notice)) await new Promise<void>((resolve) => (this.#onNotice = resolve))
  }

  #note(notice: string): void {
    this.notices.push(notice)
    this.#onNotice?.()
  }
}

export async function startServer(provider: DimseProvider, options: Partial<DimseServerOptions> = {}) {
  const server = new DimseServer({ host: '127.0.0.1', port: 0, ...options }, { provider, log: silentLogger })
  await server.start()
  const { port } = server.address()
  return {
    port,
    renewTls: (tls: ServerTls) => server.renewTls(tls),
    open: (more: Partial<AssociationOptions> = {}, deps: Partial<AssociationDeps> = {}) =>
      openAssociation(
        {
          host: '127.0.0.1',
          port,
          callingAe: 'MODALITY',
          calledAe: 'ARCHIVE',
          contexts: bothContexts,
          ...more,
        },
        { log: silentLogger, ...deps },
      ),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** An error by its code and some of its facts. */
export const failure = (code: string, facts = {}) =>
  expect.objectContaining({ code, facts: expect.objectContaining(facts) as object }) as Error

export function instance(
  dataSet: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  sopInstanceUid = '1.2.3.4',
) {
  return {
    sopClassUid: ctImage,
    sopInstanceUid,
    transferSyntaxUid: explicitLittle,
    dataSet: async function* () {
      yield* dataSet
    },
  }
}

/** Bytes that differ at every place, so that a swap or a loss shows. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0, x = seed; i < length; i++) bytes[i] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24
  return bytes
}

/** A peer on a plain socket. */
export class RawPeer {
  readonly socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #ended = false
  #onData: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#onData?.()
    })
    socket.on('error', () => {})
    const end = () => {
      this.#ended = true
      this.#onData?.()
    }
    socket.once('end', end)
    socket.once('close', end)
  }

  static of(socket: Socket): RawPeer {
    return new RawPeer(socket)
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    return new RawPeer(socket)
  }

  /** Connected and associated, with CT as context 3 and Verification as 1. */
  static async associated(port: number): Promise<RawPeer> {
    const peer = await RawPeer.connect(port)
    peer.send(associateRequest())
    const answer = await peer.nextPdu()
    if (answer?.type !== pduType.associateAccept) throw new Error(`associate: ${answer?.type}`)
    return peer
  }

  send(bytes: Buffer | string): void {
    this.socket.write(bytes)
  }

  /** Undefined at the end of the connection. */
  async nextPdu(): Promise<{ type: number; body: Buffer } | undefined> {
    while (this.#received.length < 6 || this.#received.length < 6 + this.#received.readUInt32BE(2)) {
      if (this.#ended) return undefined
      await new Promise<void>((resolve) => (this.#onData = resolve))
    }
    const end = 6 + this.#received.readUInt32BE(2)
    const pdu = { type: this.#received.readUInt8(0), body: this.#received.subarray(6, end) }
    this.#received = this.#received.subarray(end)
    return pdu
  }

  /** What the other side says until it closes: `abort 2/6`, `reject 1/1/3`, `data`. */
  async lastWords(): Promise<string[]> {
    const words: string[] = []
    for (let pdu = await this.nextPdu(); pdu !== undefined; pdu = await this.nextPdu()) {
      if (pdu.type === pduType.abort) words.push(`abort ${pdu.body[2]}/${pdu.body[3]}`)
      else if (pdu.type === pduType.associateReject)
        words.push(`reject ${[...pdu.body.subarray(1)].join('/')}`)
      else words.push(Object.entries(pduType).find(([, type]) => type === pdu?.type)?.[0] ?? 'unknown')
    }
    this.socket.destroy()
    return words
  }
}

export function associateRequest(
  more: { callingAe?: string; calledAe?: string; contexts?: ProposedContext[]; maxPduLength?: number } = {},
): Buffer {
  return encodeAssociateRequest({
    callingAe: 'RAW',
    calledAe: 'ARCHIVE',
    contexts: bothContexts.map((context, index) => ({ id: 2 * index + 1, ...context })),
    user: {
      maxPduLength: more.maxPduLength ?? 16384,
      implementationClassUid: '1.2.3',
      implementationVersion: 'RAW',
    },
    ...more,
  })
}

/** One value of a P-DATA-TF; `flags`: 1 command, 2 last. */
export function pdv(contextId: number, flags: number, fragment: Uint8Array): Buffer {
  const header = Buffer.of(0, 0, 0, 0, contextId, flags)
  header.writeUInt32BE(fragment.length + 2)
  return Buffer.concat([header, fragment])
}

export function dataPdu(...values: Buffer[]): Buffer {
  return encodePdu(pduType.data, ...values)
}

export function storeCommand(more: Partial<Command> = {}): Buffer {
  return encodeCommand({
    commandField: 1,
    messageId: 7,
    priority: 0,
    affectedSopClassUid: ctImage,
    affectedSopInstanceUid: '1.2.3.4',
    hasDataSet: true,
    ...more,
  })
}

export const echoCommand = encodeCommand({
  commandField: 0x30,
  messageId: 9,
  affectedSopClassUid: verificationClass,
  hasDataSet: false,
})

/** The command in a P-DATA-TF that holds just one. */
export function commandBytes(body: Buffer): Buffer {
  return Buffer.concat(decodePdvs(body).map(({ fragment }) => fragment))
}

/** The query models, asked in Implicit VR, and one class to receive. */
const model = (abstractSyntax: string) => ({
  abstractSyntax,
  transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
})
export const queryContexts = [
  model(queryRetrieve.find.studyRoot),
  model(queryRetrieve.move.studyRoot),
  model(queryRetrieve.get.studyRoot),
  { abstractSyntax: ctImage, transferSyntaxes: [explicitLittle], role: 'scp' as const },
]
export const ask = (service: 'find' | 'move' | 'get', more = {}) => ({
  sopClassUid: queryRetrieve[service].studyRoot,
  transferSyntaxUid: transferSyntax.implicitVrLittleEndian,
  identifier: Buffer.from('what I look for '),
  ...more,
})

/** Adds services to one that stores. */
export const providing = (services: Partial<DimseProvider>) =>
  Object.assign(new CollectingProvider(), services)

export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}
