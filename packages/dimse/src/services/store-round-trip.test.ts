import { describe, expect, it } from 'vitest'
import { decodeCommand } from '../messages/command-set.ts'
import { releaseRequestPdu } from '../upper-layer/pdu.ts'
import { dimseStatus } from '../status.ts'
import {
  CollectingProvider,
  RawPeer,
  associateRequest,
  bothContexts,
  commandBytes,
  ctImage,
  dataPdu,
  echoCommand,
  explicitLittle,
  instance,
  pattern,
  pdv,
  startServer,
  storeCommand,
} from '../testing.ts'

const MiB = 1024 ** 2
const response = async (peer: RawPeer) =>
  decodeCommand(commandBytes((await peer.nextPdu())?.body ?? Buffer.alloc(0)))

describe('a data set', () => {
  it.each([0, 1, 4089, 4090, 65_536, 5 * MiB + 3])('of %i bytes arrives identical', async (length) => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    await using association = await server.open()
    const bytes = pattern(length)
    expect(await association.store(instance([bytes.subarray(0, 1), bytes.subarray(1)]))).toEqual({
      status: 0,
    })
    expect(provider.stored[0]?.dataSet.equals(bytes)).toBe(true)
    expect(provider.stored[0]?.request).toMatchObject({
      association: { callingAe: 'MODALITY', calledAe: 'ARCHIVE', remoteAddress: '127.0.0.1' },
      sopClassUid: ctImage,
      sopInstanceUid: '1.2.3.4',
      transferSyntaxUid: explicitLittle,
    })
  })

  it.each([4096, 1024 ** 2])('arrives identical with PDUs of %i bytes', async (maxPduLength) => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider, { limits: { maxPduLength } })
    await using association = await server.open({ maxPduLength })
    const bytes = pattern(300_001)
    await association.store(instance([bytes]))
    expect(provider.stored[0]?.dataSet.equals(bytes)).toBe(true)
  })

  it('reaches the sink in chunks of at most a batch, small ones first', async () => {
    const chunks: number[] = []
    const provider = new CollectingProvider(() => ({
      write: async (chunk) => void chunks.push(chunk.length),
    }))
    await using server = await startServer(provider)
    await using association = await server.open()
    await association.store(instance([pattern(5 * MiB)]))
    expect(chunks.slice(0, 5).map((length) => length / 1024)).toEqual([64, 128, 256, 512, 1024])
    expect(Math.max(...chunks)).toBe(MiB)
    expect(chunks.reduce((sum, length) => sum + length)).toBe(5 * MiB)
  })

  it('waits at its source while the sink is busy: what is under way is bounded', async () => {
    const total = 192 * MiB
    let produced = 0
    let taken = 0
    let mostUnderWay = 0
    const provider = new CollectingProvider(() => ({
      write: async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 5)) // a slow disk; the source could be done long before
        taken += chunk.length
        mostUnderWay = Math.max(mostUnderWay, produced - taken)
      },
      finish: async () => dimseStatus.success,
    }))
    await using server = await startServer(provider)
    await using association = await server.open()
    const source = async function* () {
      for (; produced < total; produced += MiB) yield Buffer.alloc(MiB)
    }
    expect(await association.store(instance(source()))).toEqual({ status: 0 })
    expect(taken).toBe(total)
    expect(mostUnderWay).toBeLessThan(64 * MiB) // the kernel's socket buffers, up to 38 MiB on Linux, and little of ours
  })

  it('may share a PDU with its command, be cut anywhere, and be followed at once by the next', async () => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    const peer = await RawPeer.associated(server.port)
    const command = storeCommand()
    const second = storeCommand({ messageId: 8, affectedSopInstanceUid: '1.2.3.5' })
    peer.send(
      Buffer.concat([
        dataPdu(
          pdv(3, 1, command.subarray(0, 20)),
          pdv(3, 3, command.subarray(20)),
          pdv(3, 0, Buffer.from('da')),
        ),
        dataPdu(pdv(3, 0, Buffer.alloc(0)), pdv(3, 2, Buffer.from('ta')), pdv(3, 3, second)),
        dataPdu(pdv(3, 2, Buffer.from('more')), pdv(1, 3, echoCommand)),
        releaseRequestPdu,
      ]),
    )
    expect(await response(peer)).toEqual({
      commandField: 0x8001,
      messageIdBeingRespondedTo: 7,
      affectedSopClassUid: ctImage,
      affectedSopInstanceUid: '1.2.3.4',
      hasDataSet: false,
      status: 0,
    })
    expect(await response(peer)).toMatchObject({ messageIdBeingRespondedTo: 8, status: 0 })
    expect(await response(peer)).toMatchObject({
      commandField: 0x8030,
      messageIdBeingRespondedTo: 9,
      status: 0,
    })
    expect(await peer.lastWords()).toEqual(['releaseResponse'])
    expect(provider.stored.map(({ dataSet }) => dataSet.toString())).toEqual(['data', 'more'])
  })
})

describe('an association', () => {
  it('echoes, also to a peer that takes 128 bytes at a time', async () => {
    await using server = await startServer(new CollectingProvider())
    await using association = await server.open()
    expect(await association.echo()).toBe(0)
    const peer = await RawPeer.connect(server.port)
    peer.send(associateRequest({ maxPduLength: 128 }))
    await peer.nextPdu()
    peer.send(
      dataPdu(
        pdv(3, 3, storeCommand({ affectedSopInstanceUid: '1.2.'.padEnd(64, '3') })),
        pdv(3, 2, pattern(9)),
      ),
    )
    const pdus = [await peer.nextPdu(), await peer.nextPdu()].map((pdu) => pdu?.body ?? Buffer.alloc(0))
    expect(pdus.every((body) => body.length <= 128)).toBe(true)
    expect(decodeCommand(Buffer.concat(pdus.map(commandBytes))).status).toBe(0)
    peer.socket.destroy()
  })

  it('does not wait for another one with a slow sink', async () => {
    const release = Promise.withResolvers<void>()
    const provider = new CollectingProvider(({ sopInstanceUid }) =>
      sopInstanceUid === '1.1' ? { write: () => release.promise } : {},
    )
    await using server = await startServer(provider)
    await using slow = await server.open()
    await using fast = await server.open()
    const stuck = slow.store(instance([pattern(MiB)], '1.1'))
    expect(await fast.store(instance([pattern(MiB)], '1.2'))).toEqual({ status: 0 })
    release.resolve()
    expect(await stuck).toEqual({ status: 0 })
  })

  it('says what it accepted', async () => {
    await using server = await startServer(new CollectingProvider())
    const find = { abstractSyntax: '1.2.840.10008.5.1.4.1.2.2.1', transferSyntaxes: [explicitLittle] }
    await using association = await server.open({ contexts: [...bothContexts, find] })
    expect(association.accepts(ctImage, explicitLittle)).toBe(true)
    expect(association.accepts(ctImage, '1.2.840.10008.1.2')).toBe(false)
    expect(association.accepts(find.abstractSyntax, explicitLittle)).toBe(false)
  })

  it('tells its owner how it ended: released, aborted or lost', async () => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    await (await server.open()).release()
    await provider.noticed('ended released')
    ;(await server.open()).abort()
    await provider.noticed('ended aborted')
    const peer = await RawPeer.associated(server.port)
    peer.socket.destroy()
    await provider.noticed('ended lost')
  })

  it.each([
    [
      'aborts',
      'abort ASSOCIATION_ABORTED',
      (peer: RawPeer) => peer.send(Buffer.from('07000000000400000000', 'hex')),
    ],
    ['vanishes', 'abort ASSOCIATION_LOST', (peer: RawPeer) => peer.socket.destroy()],
    ['shuts down', 'abort ASSOCIATION_LOST', (peer: RawPeer) => peer.socket.end()],
  ])(
    'whose peer %s in the middle of an object makes the sink leave nothing behind',
    async (_name, notice, leave) => {
      const provider = new CollectingProvider()
      await using server = await startServer(provider)
      const peer = await RawPeer.associated(server.port)
      peer.send(dataPdu(pdv(3, 3, storeCommand()), pdv(3, 0, pattern(5000))))
      leave(peer)
      await provider.noticed(notice)
      expect(provider.stored).toEqual([])
    },
  )

  it('is aborted when the server stops, and its sink with it', async () => {
    const writing = Promise.withResolvers<void>()
    const provider = new CollectingProvider(() => ({ write: async () => writing.resolve() }))
    const server = await startServer(provider)
    const peer = await RawPeer.associated(server.port)
    peer.send(dataPdu(pdv(1, 3, echoCommand), pdv(3, 3, storeCommand()), pdv(3, 0, pattern(100_000))))
    await writing.promise
    await server[Symbol.asyncDispose]()
    expect(provider.notices).toEqual(['abort ASSOCIATION_ABORTED', 'ended aborted'])
    expect(await peer.lastWords()).toEqual(['data', 'abort 0/0'])
  })
})
