import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { TwiinError, silentLogger } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { encodeAssociateAccept } from './upper-layer/associate-pdu.ts'
import { encodeCommand } from './messages/command-set.ts'
import { openAssociation } from './open-association.ts'
import type { AssociationOptions } from './open-association.ts'
import { abortPdu, decodePdvs, encodePdu, pduType, releaseRequestPdu } from './upper-layer/pdu.ts'
import {
  CollectingProvider,
  RawPeer,
  bothContexts,
  ctImage,
  dataPdu,
  explicitLittle,
  failure,
  instance,
  pattern,
  pdv,
  startServer,
} from './testing.ts'

const accept = encodeAssociateAccept({
  callingAe: 'A',
  calledAe: 'B',
  contexts: [
    { id: 1, result: 0, transferSyntax: '1.2.840.10008.1.2' },
    { id: 3, result: 0, transferSyntax: explicitLittle },
  ],
  user: { maxPduLength: 16384, implementationClassUid: '1.2', implementationVersion: 'SCRIPTED' },
})
const storeResponse = (status: number, more = {}) =>
  dataPdu(
    pdv(
      3,
      3,
      encodeCommand({
        commandField: 0x8001,
        messageIdBeingRespondedTo: 1,
        hasDataSet: false,
        status,
        ...more,
      }),
    ),
  )

/** A listener that does what it is told with the one connection it gets. */
async function scriptedPeer(behave: (peer: RawPeer) => Promise<void> | void) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    void behave(RawPeer.of(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = (more: Partial<AssociationOptions> = {}) =>
    openAssociation(
      { host: '127.0.0.1', port, callingAe: 'TWIIN', calledAe: 'PACS', contexts: bothContexts, ...more },
      { log: silentLogger },
    )
  const stop = async () => {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  }
  return { port, open, [Symbol.asyncDispose]: stop }
}

/** Accepts, then behaves. */
const scriptedScp = (behave: (peer: RawPeer) => Promise<void> | void) =>
  scriptedPeer(async (peer) => {
    await peer.nextPdu()
    peer.send(accept)
    await behave(peer)
  })

/** Reads one whole data set. */
async function takeDataSet(peer: RawPeer): Promise<void> {
  for (;;) {
    const pdu = await peer.nextPdu()
    if (pdu?.type !== pduType.data || decodePdvs(pdu.body).some((value) => !value.isCommand && value.isLast))
      return
  }
}

describe('opening', () => {
  it('tells a rejection with its result, source and reason', async () => {
    await using server = await startServer(new CollectingProvider())
    await expect(server.open({ callingAe: 'STRANGER' })).rejects.toThrow(
      failure('ASSOCIATION_REJECTED', { result: 1, source: 1, reason: 3 }),
    )
  })

  it('tells that nobody listens, or nobody answers', async () => {
    const gone = await scriptedPeer(() => {})
    await gone[Symbol.asyncDispose]()
    await expect(gone.open()).rejects.toThrow(failure('CONNECTION_FAILED', { cause: 'ECONNREFUSED' }))
    await using silent = await scriptedPeer(() => {})
    await expect(silent.open({ timeouts: { connectMs: 50 } })).rejects.toThrow(failure('DIMSE_TIMEOUT'))
  })

  it.each<[string, Buffer, string]>([
    ['an abort', abortPdu(2, 0), 'ASSOCIATION_ABORTED'],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'PDU_UNRECOGNISED'],
    ['an A-ASSOCIATE-AC of 4 GiB', Buffer.from('0200ffffffff', 'hex'), 'PDU_TOO_LONG'],
    ['half an A-ASSOCIATE-AC', encodePdu(pduType.associateAccept, accept.subarray(6, 90)), 'PDU_MALFORMED'],
  ])('refuses %s for an answer', async (_name, answer, code) => {
    await using server = await scriptedPeer((peer) => peer.send(answer))
    await expect(server.open()).rejects.toThrow(failure(code))
  })

  it('can be given up', async () => {
    await using silent = await scriptedPeer(() => {})
    const signal = AbortSignal.timeout(20)
    await expect(silent.open({ signal })).rejects.toThrow(failure('ASSOCIATION_ABORTED', { by: 'us' }))
    await expect(silent.open({ signal })).rejects.toThrow(failure('ASSOCIATION_ABORTED', { by: 'us' }))
  })

  it('asks for 128 contexts at most', async () => {
    const contexts = [
      { abstractSyntax: ctImage, transferSyntaxes: Array.from({ length: 129 }, (_, i) => `1.2.${i}`) },
    ]
    await using silent = await scriptedPeer(() => {})
    await expect(silent.open({ contexts })).rejects.toThrow(failure('TOO_MANY_CONTEXTS', { contexts: 129 }))
  })
})

describe('storing', () => {
  it('returns a failure status and the comment as an outcome, and goes on', async () => {
    await using server = await scriptedScp(async (peer) => {
      await takeDataSet(peer)
      peer.send(storeResponse(0xa700, { errorComment: 'disk\nfull' }))
      await takeDataSet(peer)
      peer.send(storeResponse(0, { messageIdBeingRespondedTo: 2 }))
    })
    await using association = await server.open({ timeouts: { releaseMs: 20 } })
    expect(await association.store(instance([pattern(50_000)]))).toEqual({
      status: 0xa700,
      comment: 'disk?full',
    })
    expect(await association.store(instance([pattern(50_000)]))).toEqual({ status: 0 })
  })

  it('sends to the end what was refused early, and does not believe an early success', async () => {
    for (const status of [0xa900, 0]) {
      await using server = await scriptedScp(async (peer) => {
        await peer.nextPdu()
        peer.send(storeResponse(status))
        await takeDataSet(peer)
      })
      const { open } = server
      const association = await open()
      const slowly = async function* () {
        yield pattern(20_000)
        await new Promise((resolve) => setTimeout(resolve, 20)) // the answer comes in the meantime
        yield pattern(20_000)
      }
      const outcome = association.store(instance(slowly()))
      if (status === 0) await expect(outcome).rejects.toThrow(failure('PDU_UNEXPECTED'))
      else expect(await outcome).toEqual({ status })
      association.abort()
    }
  })

  it('without an accepted context fails at once, and the association goes on', async () => {
    await using server = await startServer(new CollectingProvider())
    await using association = await server.open()
    const other = { ...instance([]), transferSyntaxUid: '1.2.840.10008.1.2' }
    await expect(association.store(other)).rejects.toThrow(failure('CONTEXT_NOT_ACCEPTED'))
    expect(await association.echo()).toBe(0)
  })

  it('passes on what the data set throws, and never completes the object', async () => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    const association = await server.open()
    const broken = async function* () {
      yield pattern(200_000)
      throw new TwiinError('DIGEST_MISMATCH')
    }
    await expect(association.store(instance(broken()))).rejects.toThrow(failure('DIGEST_MISMATCH'))
    await expect(association.echo()).rejects.toThrow(
      failure('ASSOCIATION_ABORTED', { by: 'us', cause: 'DIGEST_MISMATCH' }),
    )
    await provider.noticed('abort ASSOCIATION_ABORTED')
    expect(provider.stored).toEqual([])
  })

  it('is given up on a signal, even when the data set is stuck', async () => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    const association = await server.open()
    const stuck = async function* () {
      yield pattern(200_000)
      await new Promise(() => {})
    }
    const signal = AbortSignal.timeout(30)
    await expect(association.store(instance(stuck()), { signal })).rejects.toThrow(
      failure('ASSOCIATION_ABORTED', { by: 'us' }),
    )
    await provider.noticed('abort ASSOCIATION_ABORTED')
    const again = await server.open()
    await expect(again.store(instance([]), { signal })).rejects.toThrow() // not begun: the association is untouched
    expect(await again.echo()).toBe(0)
    await again.release()
  })

  it.each<[string, (peer: RawPeer) => void, string]>([
    ['aborts', (peer) => peer.send(abortPdu(2, 0)), 'ASSOCIATION_ABORTED'],
    ['vanishes', (peer) => peer.socket.destroy(), 'ASSOCIATION_LOST'],
    ['releases on its own', (peer) => peer.send(releaseRequestPdu), 'ASSOCIATION_CLOSED'],
    [
      'answers another message',
      (peer) => peer.send(storeResponse(0, { messageIdBeingRespondedTo: 99 })),
      'COMMAND_MALFORMED',
    ],
    ['never answers', () => {}, 'DIMSE_TIMEOUT'],
  ])('to a peer that %s instead of an answer fails so', async (_name, behave, code) => {
    await using server = await scriptedScp(async (peer) => {
      await takeDataSet(peer)
      behave(peer)
    })
    const association = await server.open({ timeouts: { responseMs: 100 } })
    await expect(association.store(instance([pattern(100)]))).rejects.toThrow(failure(code))
    await expect(association.echo()).rejects.toThrow()
    await association.release()
  })

  it('to a peer that takes no more bytes ends', async () => {
    await using server = await scriptedScp((peer) => void peer.socket.pause())
    const association = await server.open({ timeouts: { progressMs: 100 } })
    const endless = async function* () {
      for (;;) yield Buffer.alloc(1024 ** 2)
    }
    await expect(association.store(instance(endless()))).rejects.toThrow(
      failure('DIMSE_TIMEOUT', { waitingFor: 'the peer to take more bytes' }),
    )
  })

  it('completes a deflated data set of odd length with a NULL, and no other', async () => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    const deflated = '1.2.840.10008.1.2.1.99'
    const contexts = [{ abstractSyntax: ctImage, transferSyntaxes: [deflated, explicitLittle] }]
    await using association = await server.open({ contexts })
    for (const transferSyntaxUid of [deflated, explicitLittle]) {
      for (const length of [7, 8])
        await association.store({ ...instance([pattern(length)]), transferSyntaxUid })
    }
    expect(provider.stored.map(({ dataSet }) => dataSet.length)).toEqual([8, 8, 7, 8])
  })

  it('runs one after another, in the order asked', async () => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    await using association = await server.open()
    await Promise.all(
      ['1.1', '1.2', '1.3'].map((uid) => association.store(instance([pattern(100_000)], uid))),
    )
    expect(provider.stored.map(({ request }) => request.sopInstanceUid)).toEqual(['1.1', '1.2', '1.3'])
  })
})

it('releasing a peer that does not answer takes no longer than its timer', async () => {
  await using server = await scriptedScp(() => {})
  const association = await server.open({ timeouts: { releaseMs: 50 } })
  await association.release()
  await expect(association.echo()).rejects.toThrow(failure('DIMSE_TIMEOUT'))
})
