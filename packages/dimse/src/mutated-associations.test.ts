/**
 * Whole conversations, damaged from a seed: associate requests with every sub-item, commands of every service, identifiers
 * and commitment data sets. `TWIIN_MUTATIONS` says how many; each is one connection with one damage or more.
 */
import { createHash } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commandField, encodeCommand } from './messages/command-set.ts'
import type { Command } from './messages/command-set.ts'
import { encodeCommitmentRequest, encodeCommitmentResult } from './services/commitment-data-set.ts'
import {
  CollectingProvider,
  RawPeer,
  ctImage,
  dataPdu,
  explicitLittle,
  instance,
  pattern,
  pdv,
  startServer,
} from './testing.ts'
import { queryRetrieve, storageCommitmentPush, transferSyntax, wellKnownCommitmentInstance } from './uids.ts'
import { encodeAssociateRequest } from './upper-layer/associate-pdu.ts'
import { releaseRequestPdu } from './upper-layer/pdu.ts'

const total = Number(process.env['TWIIN_MUTATIONS'] ?? 2000)
const atOnce = 8
const MiB = 1024 ** 2

const uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)
beforeAll(() => void process.on('uncaughtException', note).on('unhandledRejection', note))
afterAll(() => void process.off('uncaughtException', note).off('unhandledRejection', note))

const implicit = transferSyntax.implicitVrLittleEndian
const classes = [
  ctImage,
  queryRetrieve.find.studyRoot,
  queryRetrieve.move.studyRoot,
  queryRetrieve.get.studyRoot,
  storageCommitmentPush,
]
const contextOf = (sopClass: string) => 2 * classes.indexOf(sopClass) + 1
const associate = encodeAssociateRequest({
  callingAe: 'RAW',
  calledAe: 'ARCHIVE',
  contexts: classes.map((abstractSyntax) => ({
    id: contextOf(abstractSyntax),
    abstractSyntax,
    transferSyntaxes: abstractSyntax === ctImage ? [explicitLittle] : [implicit, explicitLittle],
  })),
  user: {
    maxPduLength: 16384,
    implementationClassUid: '1.2.3',
    implementationVersion: 'RAW',
    operations: { invoked: 4, performed: 1 },
    roles: [
      { sopClassUid: ctImage, user: true, provider: true },
      { sopClassUid: storageCommitmentPush, user: true, provider: true },
    ],
    identity: { type: 2, wantsAnswer: true, primary: Buffer.from('vries'), secondary: Buffer.from('geheim') },
  },
})

/** A request, and its data set in two fragments. */
function message(
  sopClass: string,
  command: Omit<Command, 'hasDataSet' | 'messageId'>,
  dataSet: Buffer,
  id: number,
) {
  const context = contextOf(sopClass)
  const bytes = encodeCommand({ messageId: id, hasDataSet: true, ...command })
  const half = dataSet.length >> 1
  return dataPdu(
    pdv(context, 3, bytes),
    pdv(context, 0, dataSet.subarray(0, half)),
    pdv(context, 2, dataSet.subarray(half)),
  )
}
const identifier = Buffer.from(
  '08005200' + '06000000' + Buffer.from('STUDY ').toString('hex') + '20000d00' + '00000000',
  'hex',
)
const references = [1, 2, 3].map((i) => ({ sopClassUid: ctImage, sopInstanceUid: `1.2.${i}` }))
const encoding = { explicit: false, big: false }
const query = (service: 'find' | 'move' | 'get', field: number, id: number) =>
  message(
    queryRetrieve[service].studyRoot,
    {
      commandField: field,
      affectedSopClassUid: queryRetrieve[service].studyRoot,
      priority: 0,
      ...(service === 'move' && { moveDestination: 'THIRD' }),
    },
    identifier,
    id,
  )
const cancel = (id: number) =>
  dataPdu(
    pdv(
      3,
      3,
      encodeCommand({
        commandField: commandField.cancelRequest,
        messageIdBeingRespondedTo: id,
        hasDataSet: false,
      }),
    ),
  )
const messages = [
  message(
    ctImage,
    { commandField: 1, affectedSopClassUid: ctImage, affectedSopInstanceUid: '1.2.3', priority: 0 },
    pattern(4000),
    1,
  ),
  query('find', commandField.findRequest, 2),
  cancel(2),
  query('move', commandField.moveRequest, 3),
  query('get', commandField.getRequest, 4),
  message(
    storageCommitmentPush,
    {
      commandField: commandField.actionRequest,
      requestedSopClassUid: storageCommitmentPush,
      requestedSopInstanceUid: wellKnownCommitmentInstance,
      actionTypeId: 1,
    },
    await encodeCommitmentRequest({ transactionUid: '1.2', references }, encoding),
    5,
  ),
  message(
    storageCommitmentPush,
    {
      commandField: commandField.eventReportRequest,
      affectedSopClassUid: storageCommitmentPush,
      affectedSopInstanceUid: wellKnownCommitmentInstance,
      eventTypeId: 2,
    },
    await encodeCommitmentResult(
      { transactionUid: '1.2', committed: references, failed: [{ ...references[0]!, reason: 0x112 }] },
      encoding,
    ),
    6,
  ),
  dataPdu(
    pdv(
      1,
      3,
      encodeCommand({ commandField: 0x8001, messageIdBeingRespondedTo: 1, hasDataSet: false, status: 0 }),
    ),
  ),
  releaseRequestPdu,
]

/** The same numbers for the same seed. */
function numbers(seed: string): (limit: number) => number {
  let block = Buffer.alloc(0)
  let counter = 0
  return (limit) => {
    if (block.length < 4) block = createHash('sha256').update(`${seed} ${counter++}`).digest()
    const value = block.readUInt32BE(0)
    block = block.subarray(4)
    return value % limit
  }
}

/** One to three damages: a bit, an extreme byte, a huge length, a cut, a part twice, a part reversed. */
function mutate(original: Buffer, next: (limit: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(original)
  for (let left = 1 + next(3); left > 0 && bytes.length > 8; left--) {
    const at = next(bytes.length - 4)
    const part = bytes.subarray(at, at + 1 + next(32))
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + part.length)]
    const kind = next(7)
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8))
    else if (kind === 1) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][next(5)] ?? 0
    else if (kind === 2) bytes.writeUInt32LE([0xffffffff, 0xfffffffe, 0x7fffffff, 0xffff][next(4)] ?? 0, at)
    else if (kind === 3) bytes.writeUInt32BE([0xffffffff, 0xfffffff0, 0x7fffffff, 0xffff][next(4)] ?? 0, at)
    else if (kind === 4) bytes = Buffer.concat([before, after])
    else if (kind === 5) bytes = Buffer.concat([before, part, part, after])
    else bytes = Buffer.concat([before, Buffer.from(part).reverse(), after])
  }
  return bytes
}

/** A conversation in which one part, at least, is damaged. */
function conversation(seed: number): Buffer[] {
  const next = numbers(`conversation ${seed}`)
  const chosen = [...messages].sort(() => next(3) - 1).slice(0, 1 + next(messages.length))
  const parts = [associate, ...chosen]
  const victim = next(10) === 0 ? 0 : 1 + next(chosen.length)
  return parts.map((part, index) => (index === victim || next(8) === 0 ? mutate(part, next) : part))
}

it(
  `${total} damaged conversations: no exit, no stall beyond 250 ms, memory bounded, and the next caller is served`,
  async () => {
    const provider = Object.assign(new CollectingProvider(), {
      find: async function* () {
        for (let i = 0; i < 3; i++) yield identifier
      },
      move: async function* () {
        yield { remaining: 0, completed: 1, failed: 0, warning: 0 }
      },
      get: async function* () {
        yield instance([pattern(3000)])
      },
      commit: async () => {},
      committed: async () => {},
    })
    const timeouts = { artimMs: 40, idleMs: 40, pduMs: 40, closeMs: 40, subOperationMs: 40 }
    await using server = await startServer(provider, { timeouts })
    const converse = async (seed: number) => {
      const peer = await RawPeer.connect(server.port)
      for (const part of conversation(seed)) peer.send(part)
      await peer.lastWords() // ends only when the server closes
    }
    for (let seed = -64; seed < 0; seed++) await converse(seed) // warm
    globalThis.gc?.()
    const before = process.memoryUsage.rss()
    const delay = monitorEventLoopDelay({ resolution: 10 })
    delay.enable()
    let most = before
    for (let seed = 0; seed < total; seed += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, total - seed) }, (_, i) => converse(seed + i))
      await Promise.all(some)
      most = Math.max(most, process.memoryUsage.rss())
      provider.stored.length = 0
      provider.notices.length = 0
    }
    delay.disable()
    await using association = await server.open()
    expect(await association.store(instance([pattern(100)]))).toEqual({ status: 0 })
    expect(uncaught).toEqual([])
    expect(most - before).toBeLessThan(192 * MiB)
    // the machine may be busy with others: nearly all of the time is what we answer for, and its worst is far from a hang
    expect(delay.percentile(99.9) / 1e6).toBeLessThan(250)
    console.log(
      `${total} conversations: worst stall ${(delay.max / 1e6).toFixed(0)} ms, p99.9 ${(delay.percentile(99.9) / 1e6).toFixed(0)} ms, memory +${((most - before) / MiB).toFixed(0)} MiB`,
    )
  },
  60_000 + total * 60,
)
