import { TwiinError } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import type { SubOperations } from '../retrieval.ts'
import { decodeCommand, encodeCommand } from '../messages/command-set.ts'
import { dimseStatus } from '../status.ts'
import {
  CollectingProvider,
  RawPeer,
  all,
  ask,
  associateRequest,
  commandBytes,
  ctImage,
  dataPdu,
  explicitLittle,
  failure,
  instance,
  pattern,
  pdv,
  providing,
  queryContexts,
  startServer,
} from '../testing.ts'
import { queryRetrieve, transferSyntax } from '../uids.ts'
import { decodePdvs, releaseRequestPdu } from '../upper-layer/pdu.ts'

const implicitLittle = transferSyntax.implicitVrLittleEndian

/** Instances, and a sink that keeps what comes of them. */
function receiver() {
  const provider = new CollectingProvider()
  return { stored: provider.stored, open: provider.openStore.bind(provider) }
}

describe('C-MOVE', () => {
  it('names the destination, tells where it stands, and ends with the whole', async () => {
    const destinations: string[] = []
    await using server = await startServer(
      providing({
        move: async function* ({ destinationAe, messageId }) {
          destinations.push(`${destinationAe} ${messageId}`)
          yield { remaining: 3, completed: 0, failed: 0, warning: 0 }
          yield {
            remaining: 0,
            completed: 1,
            failed: 1,
            warning: 1,
            failedSopInstanceUids: ['1.2.3', '1.2.4'],
          }
        },
      }),
    )
    await using association = await server.open({ contexts: queryContexts })
    const steps = await all(association.move({ ...ask('move'), destinationAe: 'WORKSTATION 1' }))
    expect(destinations).toEqual(['WORKSTATION 1 1'])
    expect(steps).toEqual([
      { remaining: 3, completed: 0, failed: 0, warning: 0 },
      { remaining: 0, completed: 1, failed: 1, warning: 1, failedSopInstanceUids: ['1.2.3', '1.2.4'] },
    ])
  })

  it.each<[string, Partial<SubOperations>, number]>([
    ['all came', { completed: 70_000 }, dimseStatus.success],
    ['some failed', { completed: 70_000, failed: 1 }, dimseStatus.subOperationsWithFailures],
    ['none came', { failed: 70_000 }, dimseStatus.unableToPerformSubOperations],
  ])(
    'ends with the status that says that %s, with counters that do not wrap',
    async (_name, counters, status) => {
      await using server = await startServer(
        providing({
          move: async function* () {
            yield { remaining: 0, completed: 0, failed: 0, warning: 0, ...counters }
          },
        }),
      )
      const peer = await moveWith(server.port, {})
      await peer.nextPdu() // the pending one
      const final = decodeCommand(commandBytes((await peer.nextPdu())?.body ?? Buffer.alloc(0)))
      expect(final).toMatchObject({
        commandField: 0x8021,
        status,
        completedSubOperations: Math.min(counters.completed ?? 0, 65_535),
        failedSubOperations: Math.min(counters.failed ?? 0, 65_535),
      })
      expect(final.remainingSubOperations).toBeUndefined()
      peer.socket.destroy()
    },
  )

  it('without a destination, or to one that the provider does not know, is answered with A801', async () => {
    await using server = await startServer(
      providing({
        move: () => {
          throw new TwiinError('DIMSE_REFUSED', { status: dimseStatus.moveDestinationUnknown })
        },
      }),
    )
    for (const moveDestination of ['', 'NOBODY']) {
      const peer = await moveWith(server.port, { moveDestination })
      const final = decodeCommand(commandBytes((await peer.nextPdu())?.body ?? Buffer.alloc(0)))
      expect(final.status).toBe(0xa801)
      peer.socket.destroy()
    }
  })

  it('that runs while the peer releases is cancelled, and the release answered', async () => {
    const provider = providing({
      move: async function* ({ signal }) {
        yield { remaining: 9, completed: 0, failed: 0, warning: 0 }
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      },
    })
    await using server = await startServer(provider)
    const peer = await moveWith(server.port, {})
    await peer.nextPdu()
    peer.send(releaseRequestPdu)
    expect(await peer.lastWords()).toEqual(['data', 'releaseResponse'])
    await provider.noticed('ended released')
  })
})

async function moveWith(port: number, more: object): Promise<RawPeer> {
  const peer = await RawPeer.connect(port)
  const sopClassUid = queryRetrieve.move.studyRoot
  peer.send(
    associateRequest({
      contexts: [{ id: 1, abstractSyntax: sopClassUid, transferSyntaxes: [implicitLittle] }],
    }),
  )
  await peer.nextPdu()
  const command = encodeCommand({
    commandField: 0x21,
    messageId: 5,
    affectedSopClassUid: sopClassUid,
    moveDestination: 'ELSEWHERE',
    hasDataSet: true,
    ...more,
  })
  peer.send(dataPdu(pdv(1, 3, command), pdv(1, 2, Buffer.from('what'))))
  return peer
}

describe('C-GET', () => {
  const serving = (count: number) =>
    providing({
      get: async function* () {
        for (let i = 0; i < count; i++)
          yield { ...instance([pattern(1000 + i)], `1.2.${i}`), remaining: count - i - 1 }
      },
    })

  it('brings each instance, byte for byte, on the association that asked', async () => {
    await using server = await startServer(serving(3000))
    await using association = await server.open({ contexts: queryContexts })
    const { stored, open } = receiver()
    const steps = await all(association.get(ask('get'), open))
    expect(steps.at(-1)).toEqual({ remaining: 0, completed: 3000, failed: 0, warning: 0 })
    expect(stored).toHaveLength(3000)
    expect(stored.every(({ dataSet }, i) => dataSet.equals(pattern(1000 + i)))).toBe(true)
    expect(stored[7]?.request).toMatchObject({
      sopClassUid: ctImage,
      sopInstanceUid: '1.2.7',
      transferSyntaxUid: explicitLittle,
      association: { calledAe: 'ARCHIVE' },
    })
  })

  it('counts what the peer cannot receive, what cannot be had, and what it did not keep', async () => {
    await using server = await startServer(
      providing({
        get: async function* () {
          yield instance([pattern(10)], '1.1')
          yield { ...instance([pattern(10)], '1.2'), transferSyntaxUid: '1.2.840.10008.1.2.4.90' }
          yield { sopInstanceUid: '1.3', unavailable: true as const }
          yield instance([pattern(10)], '1.4')
          yield instance([pattern(10)], '1.5')
        },
      }),
    )
    await using association = await server.open({ contexts: queryContexts })
    const answers: Record<string, number> = { '1.4': 0xa700, '1.5': 0xb007 }
    const sink = new CollectingProvider(({ sopInstanceUid }) => ({
      finish: async () => answers[sopInstanceUid] ?? 0,
    }))
    const steps = await all(association.get(ask('get'), sink.openStore.bind(sink)))
    expect(steps.at(-1)).toEqual({
      remaining: 0,
      completed: 1,
      failed: 3,
      warning: 1,
      failedSopInstanceUids: ['1.2', '1.3', '1.4'],
    })
  })

  it('that nothing comes of is a refusal, and the association goes on', async () => {
    await using server = await startServer(serving(2))
    const withoutRole = queryContexts.filter(({ abstractSyntax }) => abstractSyntax !== ctImage)
    await using association = await server.open({ contexts: withoutRole })
    const { open } = receiver()
    await expect(all(association.get(ask('get'), open))).rejects.toThrow(
      failure('DIMSE_REFUSED', { status: 0xa702, failed: 2, completed: 0 }),
    )
    await expect(all(association.get(ask('get'), open))).rejects.toThrow(failure('DIMSE_REFUSED'))
  })

  it('can be cancelled between two instances', async () => {
    await using server = await startServer(serving(100_000))
    await using association = await server.open({ contexts: queryContexts })
    const { stored, open } = receiver()
    const stop = new AbortController()
    const getting = all(
      association.get(ask('get', { signal: stop.signal }), async (request) => {
        if (stored.length === 20) stop.abort(new Error('enough'))
        return open(request)
      }),
    )
    await expect(getting).rejects.toThrow('enough')
    expect(stored.length).toBeLessThan(1000)
  })

  it('waits for a slow sink: what is under way is bounded', async () => {
    const MiB = 1024 ** 2
    let produced = 0
    let taken = 0
    let mostUnderWay = 0
    await using server = await startServer(
      providing({
        get: async function* () {
          const source = async function* () {
            for (; produced < 160 * MiB; produced += MiB) yield Buffer.alloc(MiB)
          }
          yield instance(source())
        },
      }),
    )
    await using association = await server.open({ contexts: queryContexts })
    const slow = new CollectingProvider(() => ({
      write: async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 4)) // a slow disk
        taken += chunk.length
        mostUnderWay = Math.max(mostUnderWay, produced - taken)
      },
      finish: async () => 0,
    }))
    await all(association.get(ask('get'), slow.openStore.bind(slow)))
    expect(taken).toBe(160 * MiB)
    expect(mostUnderWay).toBeLessThan(64 * MiB)
  })

  it('instances that nobody asked for are refused', async () => {
    const provider = serving(1)
    await using server = await startServer(provider)
    const peer = await RawPeer.connect(server.port)
    peer.send(
      associateRequest({
        contexts: [
          { id: 1, abstractSyntax: queryRetrieve.get.studyRoot, transferSyntaxes: [implicitLittle] },
        ],
      }),
    )
    await peer.nextPdu()
    const command = encodeCommand({
      commandField: 0x10,
      messageId: 5,
      affectedSopClassUid: queryRetrieve.get.studyRoot,
      hasDataSet: true,
    })
    peer.send(dataPdu(pdv(1, 3, command), pdv(1, 2, Buffer.from('what'))))
    const answers = [await peer.nextPdu(), await peer.nextPdu()].map((pdu) => pdu?.body ?? Buffer.alloc(0))
    expect(decodeCommand(commandBytes(answers[0] ?? Buffer.alloc(0))).status).toBe(0xff00)
    const final = decodePdvs(answers[1] ?? Buffer.alloc(0)).find(({ isCommand }) => isCommand)
    expect(decodeCommand(final?.fragment ?? Buffer.alloc(0)).status).toBe(0xa702)
    peer.socket.destroy()
  })
})
