import { describe, expect, it } from 'vitest'
import { encodePdu, pduType, releaseRequestPdu } from './pdu.ts'
import {
  CollectingProvider,
  RawPeer,
  associateRequest,
  commandBytes,
  ctImage,
  dataPdu,
  echoCommand,
  explicitLittle,
  pattern,
  pdv,
  startServer,
  storeCommand,
} from '../testing.ts'

/** A header that announces `length` bytes of which none come. */
const announce = (type: number, length: number) => {
  const header = Buffer.of(type, 0, 0, 0, 0, 0)
  header.writeUInt32BE(length, 2)
  return header
}
const dataPduType = 4

describe('before an association', () => {
  it.each<[string, Buffer, string]>([
    ['HTTP on the DICOM port', Buffer.from('GET / HTTP/1.1\r\nHost: pacs\r\n\r\n'), 'abort 2/1'],
    ['a PDU of an unknown type', announce(0x99, 4), 'abort 2/1'],
    ['a data PDU', dataPdu(pdv(1, 3, echoCommand)), 'abort 2/2'],
    ['a release', releaseRequestPdu, 'abort 2/2'],
    ['an A-ASSOCIATE-RQ of 4 GiB', announce(1, 0xffffffff), 'abort 2/6'],
    ['an A-ASSOCIATE-RQ with a truncated item', truncatedItem(), 'abort 2/6'],
  ])('%s is answered with A-ABORT and a closed connection', async (_name, bytes, answer) => {
    await using server = await startServer(new CollectingProvider())
    const peer = await RawPeer.connect(server.port)
    peer.send(bytes)
    expect(await peer.lastWords()).toEqual([answer])
  })

  it.each([
    [{ callingAe: 'STRANGER' }, 'reject 1/1/3'],
    [{ callingAe: 'LINE\nBREAK' }, 'reject 1/1/3'],
    [{ callingAe: '' }, 'reject 1/1/3'],
    [{ calledAe: 'ELSEWHERE' }, 'reject 1/1/7'],
  ])('an AE title of %o is rejected with the reason', async (titles, answer) => {
    await using server = await startServer(new CollectingProvider())
    const peer = await RawPeer.connect(server.port)
    peer.send(associateRequest(titles))
    expect(await peer.lastWords()).toEqual([answer])
  })

  it('another application context, or protocol version, is rejected', async () => {
    await using server = await startServer(new CollectingProvider())
    const other = associateRequest()
    other.write('9', other.indexOf('1.2.840.10008.3.1.1.1') + 20)
    const version = associateRequest()
    version.writeUInt16BE(2, 6)
    for (const [request, answer] of [
      [other, 'reject 1/1/2'],
      [version, 'reject 1/2/2'],
    ] as const) {
      const peer = await RawPeer.connect(server.port)
      peer.send(request)
      expect(await peer.lastWords()).toEqual([answer])
    }
  })

  it('a caller that says nothing, or drips, is gone when ARTIM ends', async () => {
    await using server = await startServer(new CollectingProvider(), { timeouts: { artimMs: 100 } })
    const silent = await RawPeer.connect(server.port)
    const dripping = await RawPeer.connect(server.port)
    const request = associateRequest()
    let at = 0
    const drip = setInterval(() => dripping.send(request.subarray(at, ++at)), 10)
    expect(await silent.lastWords()).toEqual([])
    expect(await dripping.lastWords()).toEqual([])
    clearInterval(drip)
    expect(at).toBeLessThan(request.length)
  })
})

describe('inside an association', () => {
  it.each<[string, Buffer, string]>([
    ['a data PDU one byte over the limit', announce(dataPduType, 128 * 1024 + 1), 'abort 2/6'],
    ['a data PDU of 4 GiB', announce(dataPduType, 0xffffffff), 'abort 2/6'],
    ['a second A-ASSOCIATE-RQ', associateRequest(), 'abort 2/2'],
    ['a release of the wrong length', announce(5, 100_000), 'abort 2/6'],
    [
      'values that do not fill the PDU',
      encodePdu(dataPduType, pdv(1, 3, echoCommand), Buffer.of(0)),
      'abort 2/6',
    ],
    ['a context that was not negotiated', dataPdu(pdv(77, 3, echoCommand)), 'abort 2/6'],
    ['a data set without a command', dataPdu(pdv(3, 2, pattern(10))), 'abort 2/2'],
    ['a command that is none', dataPdu(pdv(3, 3, pattern(40))), 'abort 2/6'],
    ['a response to nothing', dataPdu(pdv(3, 3, storeCommand({ commandField: 0x8001 }))), 'abort 2/6'],
    [
      'a release inside a data set',
      Buffer.concat([dataPdu(pdv(3, 3, storeCommand())), releaseRequestPdu]),
      'abort 2/2',
    ],
    [
      'a command inside a data set',
      dataPdu(pdv(3, 3, storeCommand()), pdv(3, 3, storeCommand())),
      'abort 2/2',
    ],
    ['a data set on another context', dataPdu(pdv(3, 3, storeCommand()), pdv(1, 2, pattern(4))), 'abort 2/2'],
  ])('%s is answered with A-ABORT', async (_name, bytes, answer) => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    const peer = await RawPeer.associated(server.port)
    peer.send(bytes)
    expect(await peer.lastWords()).toEqual([answer])
    await provider.noticed('ended aborted')
    expect(provider.stored).toEqual([])
  })

  it('a command of more than 64 KiB is not collected', async () => {
    await using server = await startServer(new CollectingProvider())
    const peer = await RawPeer.associated(server.port)
    for (let i = 0; i < 3; i++) peer.send(dataPdu(pdv(3, 1, pattern(30_000))))
    expect(await peer.lastWords()).toEqual(['abort 2/6'])
  })

  it('a peer that falls silent between PDUs, or inside one, is aborted', async () => {
    const provider = new CollectingProvider()
    await using idle = await startServer(provider, { timeouts: { idleMs: 100 } })
    expect(await (await RawPeer.associated(idle.port)).lastWords()).toEqual(['abort 2/0'])

    await using stuck = await startServer(provider, { timeouts: { pduMs: 100 } })
    const peer = await RawPeer.associated(stuck.port)
    peer.send(Buffer.concat([dataPdu(pdv(3, 3, storeCommand())), announce(dataPduType, 1000), pattern(500)]))
    expect(await peer.lastWords()).toEqual(['abort 2/0'])
    expect(provider.notices).toContain('abort DIMSE_TIMEOUT')
  })

  it('a peer that falls silent after a command whose data set never comes is aborted', async () => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider, { timeouts: { idleMs: 100 } })
    const peer = await RawPeer.associated(server.port)
    peer.send(dataPdu(pdv(3, 3, storeCommand())))
    expect(await peer.lastWords()).toEqual(['abort 2/0'])
    await provider.noticed('ended aborted')
    expect(provider.stored).toEqual([])
  })

  it('a peer that takes no answers stops being read, and is then dropped', async () => {
    await using server = await startServer(new CollectingProvider(), {
      timeouts: { pduMs: 300, closeMs: 100 },
    })
    const peer = await RawPeer.associated(server.port)
    peer.socket.pause()
    const echoes = Buffer.concat(Array.from({ length: 1000 }, () => dataPdu(pdv(1, 3, echoCommand))))
    const closed = new Promise((resolve) => peer.socket.once('close', resolve))
    const more = () => {
      while (!peer.socket.destroyed && peer.socket.write(echoes)) continue
    }
    peer.socket.on('drain', more)
    more()
    await closed // a server that went on reading would collect answers for ever
  })
})

it('a peer that is still sending hears why it was cut off, and can close in peace', async () => {
  await using server = await startServer(new CollectingProvider(), { timeouts: { closeMs: 60_000 } })
  const peer = await RawPeer.associated(server.port)
  const closed = new Promise((resolve) => peer.socket.once('close', resolve))
  peer.send(Buffer.concat([announce(0x99, 4), Buffer.alloc(64 * 1024 ** 2)]))
  expect((await peer.nextPdu())?.type).toBe(pduType.abort)
  await closed // our side reads the rest, or theirs could never finish
})

describe('too many at once', () => {
  it('are rejected as transient, per address and in all, and let in again when one has left', async () => {
    for (const limits of [{ maxAssociations: 2 }, { maxAssociationsPerAddress: 2 }]) {
      const provider = new CollectingProvider()
      await using server = await startServer(provider, { limits })
      const first = await RawPeer.associated(server.port)
      const second = await RawPeer.associated(server.port)
      const third = await RawPeer.connect(server.port)
      third.send(associateRequest())
      expect(await third.lastWords()).toEqual(['reject 2/3/2'])
      first.send(releaseRequestPdu)
      expect(await first.lastWords()).toEqual(['releaseResponse'])
      second.socket.destroy()
      await provider.noticed('ended lost')
      await RawPeer.associated(server.port)
    }
  })

  it('beyond twice the cap are dropped unheard', async () => {
    await using server = await startServer(new CollectingProvider(), { limits: { maxAssociations: 1 } })
    const waiting = [await RawPeer.connect(server.port), await RawPeer.connect(server.port)]
    expect(await (await RawPeer.connect(server.port)).lastWords()).toEqual([])
    waiting.forEach((peer) => peer.socket.destroy())
  })
})

it('contexts that are no storage, or in a syntax the provider does not take, are refused one by one', async () => {
  const provider = Object.assign(new CollectingProvider(), {
    acceptsContext: (_abstract: string, transfer: string) => transfer === explicitLittle,
  })
  await using server = await startServer(provider)
  const peer = await RawPeer.connect(server.port)
  const context = (id: number, abstractSyntax: string, ...transferSyntaxes: string[]) => ({
    id,
    abstractSyntax,
    transferSyntaxes,
  })
  peer.send(
    associateRequest({
      contexts: [
        context(1, ctImage, '1.2.840.10008.1.2', explicitLittle),
        context(3, '1.2.840.10008.5.1.4.1.2.2.1', explicitLittle), // Study Root FIND
        context(5, ctImage, '1.2.840.10008.1.2'),
        context(7, '1.3.6.1.4.1.9999.1', explicitLittle), // private
        context(9, '1.2.840.10008.1.1', '1.2.840.10008.1.2'), // Verification
      ],
    }),
  )
  const answer = await peer.nextPdu()
  const results = [...(answer?.body.toString('latin1') ?? '').matchAll(/\x21\0..(.)\0(.)\0/gs)]
  expect(results.map(([, id, result]) => [id?.charCodeAt(0), result?.charCodeAt(0)])).toEqual([
    [1, 0],
    [3, 3],
    [5, 4],
    [7, 0],
    [9, 0],
  ])
  peer.send(dataPdu(pdv(9, 3, echoCommand)))
  const echoed = await peer.nextPdu()
  expect(commandBytes(echoed?.body ?? Buffer.alloc(0)).length).toBeGreaterThan(0)
  expect(echoed?.type).toBe(pduType.data)
  peer.socket.destroy()
})

function truncatedItem(): Buffer {
  const whole = associateRequest()
  const cut = Buffer.from(whole.subarray(0, whole.length - 5))
  cut.writeUInt32BE(cut.length - 6, 2)
  return cut
}
