import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { AssociationInfo, Credentials } from './store-provider.ts'
import {
  CollectingProvider,
  RawPeer,
  all,
  ask,
  ctImage,
  dataPdu,
  explicitLittle,
  failure,
  instance,
  pattern,
  pdv,
  providing,
  startServer,
  storeCommand,
} from './testing.ts'
import { queryRetrieve, transferSyntax } from './uids.ts'
import { decodeAssociateAccept, encodeAssociateRequest } from './upper-layer/associate-pdu.ts'

/** A line in between on which everything takes so long, each way. */
async function distantLine(port: number, ms: number) {
  const sockets: Socket[] = []
  const later = (to: Socket) => (chunk: Buffer) => void setTimeout(() => to.write(chunk), ms)
  const server = createServer((here) => {
    const there = connect({ host: '127.0.0.1', port })
    sockets.push(here, there)
    for (const socket of [here, there]) socket.setNoDelay(true).on('error', () => {})
    here.on('data', later(there)).once('close', () => there.destroy())
    there.on('data', later(here)).once('close', () => here.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: stop }
}

describe('the asynchronous operations window', () => {
  it('is what both sides allow, and one without a word', async () => {
    await using server = await startServer(new CollectingProvider(), { limits: { maxOperations: 4 } })
    for (const [window, granted] of [
      [undefined, 1],
      [1, 1],
      [3, 3],
      [100, 4],
    ] as const) {
      await using association = await server.open(window === undefined ? {} : { window })
      expect(association.window).toBe(granted)
      expect(await association.echo()).toBe(0)
    }
  })

  it('lets objects follow each other over a long line and a slow disk, each still arriving whole', async () => {
    const durable = () => new Promise((resolve) => setTimeout(resolve, 10)) // an fsync
    const provider = new CollectingProvider(() => ({}))
    const openStore = provider.openStore.bind(provider)
    provider.openStore = async (request) => {
      const sink = await openStore(request)
      if ('refuse' in sink) return sink
      return { ...sink, finish: async () => durable().then(() => sink.finish()) }
    }
    await using server = await startServer(provider)
    await using line = await distantLine(server.port, 15)
    const store60 = async (window: number) => {
      provider.stored.length = 0
      await using association = await server.open({ port: line.port, window })
      const began = performance.now()
      const outcomes = await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          association.store(instance([pattern(20_000 + i, i)], `1.2.${i}`)),
        ),
      )
      expect(outcomes.every(({ status }) => status === 0)).toBe(true)
      expect(provider.stored).toHaveLength(60)
      for (const { request, dataSet } of provider.stored) {
        const i = Number(request.sopInstanceUid.slice(4))
        expect(dataSet.equals(pattern(20_000 + i, i))).toBe(true)
      }
      return performance.now() - began
    }
    const [one, eight] = [await store60(1), await store60(8)]
    expect(eight).toBeLessThan(one / 2)
  })

  it('holds back who sends more than was granted', async () => {
    let open = 0
    let most = 0
    const release = Promise.withResolvers<void>()
    const provider = new CollectingProvider(() => ({
      finish: async () => {
        most = Math.max(most, ++open)
        if (open === 3) setTimeout(release.resolve, 100) // time for a fourth, which must not come
        await release.promise
        open--
        return 0
      },
    }))
    await using server = await startServer(provider, { limits: { maxOperations: 3 } })
    const peer = await RawPeer.connect(server.port)
    const user = {
      maxPduLength: 16384,
      implementationClassUid: '1.2',
      implementationVersion: 'X',
      operations: { invoked: 0, performed: 1 },
    }
    const contexts = [{ id: 3, abstractSyntax: ctImage, transferSyntaxes: [explicitLittle] }]
    peer.send(encodeAssociateRequest({ callingAe: 'RAW', calledAe: 'ARCHIVE', contexts, user }))
    expect(decodeAssociateAccept((await peer.nextPdu())?.body ?? Buffer.alloc(0)).user.operations).toEqual({
      invoked: 3,
      performed: 1,
    })
    for (let id = 1; id <= 12; id++)
      peer.send(dataPdu(pdv(3, 3, storeCommand({ messageId: id })), pdv(3, 2, pattern(100))))
    for (let id = 1; id <= 12; id++) expect((await peer.nextPdu())?.type).toBe(4)
    peer.socket.destroy()
    expect(most).toBe(3)
  })

  it('one object that is refused, or one answer that fails, does not disturb the others', async () => {
    const provider = new CollectingProvider(({ sopInstanceUid }) =>
      sopInstanceUid === '1.2.3' ? { finish: async () => 0xa700 } : {},
    )
    await using server = await startServer(provider)
    await using association = await server.open({ window: 8 })
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, i) => association.store(instance([pattern(500)], `1.2.${i}`))),
    )
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0, 0xa700, 0, 0, 0, 0].slice(0, 8))
  })
})

describe('a query beside other requests', () => {
  it('waits for its turn, and they for it', async () => {
    const order: string[] = []
    await using server = await startServer(
      providing({
        find: async function* () {
          order.push('find')
          yield Buffer.from('one ')
        },
      }),
    )
    await using association = await server.open({
      window: 8,
      contexts: [
        {
          abstractSyntax: queryRetrieve.find.studyRoot,
          transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
        },
        {
          abstractSyntax: '1.2.840.10008.5.1.4.1.1.2',
          transferSyntaxes: [transferSyntax.explicitVrLittleEndian],
        },
      ],
    })
    const store = (uid: string) =>
      association.store(instance([pattern(500)], uid)).then(() => order.push(uid))
    await Promise.all([store('1.1'), store('1.2'), all(association.find(ask('find'))), store('1.3')])
    expect(order.indexOf('find')).toBe(2)
    expect(order.at(-1)).toBe('1.3')
  })
})

describe('the acting user', () => {
  it('is told to the provider, cut to size, and its passcode only to who admits', async () => {
    const seen: [AssociationInfo, Credentials | undefined][] = []
    const provider = providing({
      admit: (info, credentials) => {
        seen.push([info, credentials])
        return credentials?.passcode?.toString() === 'wrong' ? 'no-reason-given' : 'accept'
      },
    })
    await using server = await startServer(provider)
    await using association = await server.open({
      user: { name: 'vries\n'.padEnd(100, 'x'), passcode: 'right' },
    })
    expect(await association.echo()).toBe(0)
    const [info, credentials] = seen[0] ?? []
    expect(info?.user).toEqual({ kind: 'username', name: 'vries?'.padEnd(64, 'x') })
    expect(credentials).toEqual({ passcode: Buffer.from('right') })
    expect(JSON.stringify(info)).not.toContain('right')
    await expect(server.open({ user: { name: 'vries', passcode: 'wrong' } })).rejects.toThrow(
      failure('ASSOCIATION_REJECTED', { result: 1, source: 1, reason: 1 }),
    )
    await using plain = await server.open()
    expect(await plain.echo()).toBe(0)
    expect(seen.at(-1)).toEqual([
      expect.not.objectContaining({ user: expect.anything() as object }),
      undefined,
    ])
  })
})
