import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { decodeCommand } from '../messages/command-set.ts'
import { dimseStatus, isStored } from '../status.ts'
import type { StoreSink } from '../store-provider.ts'
import {
  CollectingProvider,
  RawPeer,
  commandBytes,
  dataPdu,
  instance,
  pattern,
  pdv,
  startServer,
  storeCommand,
} from '../testing.ts'

const MiB = 1024 ** 2
const failing = (code?: string) => async () => {
  throw Object.assign(new Error('no'), code === undefined ? {} : { code })
}

/** What buffers take that somebody still holds: all garbage is collected first. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  // What the first one found is given back, at the latest, by the second.
  collect()
  return process.memoryUsage().arrayBuffers
}

/** Stores a large object into `sink`, then an ordinary one: what is each answered? */
async function storeInto(sink: Partial<StoreSink>, length = 4 * MiB, limits = {}) {
  const provider = new CollectingProvider(({ sopInstanceUid }) => (sopInstanceUid === '1.1' ? sink : {}))
  await using server = await startServer(provider, { limits })
  await using association = await server.open()
  const refused = await association.store(instance([pattern(length)], '1.1'))
  const next = await association.store(instance([pattern(100)], '1.2'))
  expect(next.status).toBe(dimseStatus.success)
  return { status: refused.status, notices: [...provider.notices], stored: provider.stored.length }
}

describe('an object that cannot be kept', () => {
  it.each([
    ['a write that fails', { write: failing() }, dimseStatus.processingFailure, 'abort UNEXPECTED'],
    ['a full disk', { write: failing('ENOSPC') }, dimseStatus.outOfResources, 'abort ENOSPC'],
    [
      'a spent reserve',
      { finish: failing('OUT_OF_RESOURCES') },
      dimseStatus.outOfResources,
      'abort OUT_OF_RESOURCES',
    ],
    ['a failed fsync', { finish: failing('EIO') }, dimseStatus.processingFailure, 'abort EIO'],
  ])('for %s is answered so, aborted, and the association goes on', async (_name, sink, status, notice) => {
    expect(await storeInto(sink)).toMatchObject({ status, notices: [notice], stored: 1 })
  })

  it('over the size limit is out of resources, and no byte of it stays', async () => {
    const outcome = await storeInto({}, MiB, { maxObjectBytes: MiB - 1 })
    expect(outcome).toMatchObject({
      status: dimseStatus.outOfResources,
      notices: ['abort OUT_OF_RESOURCES'],
      stored: 1,
    })
    expect((await storeInto({}, MiB, { maxObjectBytes: MiB })).status).toBe(0)
  })

  it('may be judged by finish itself', async () => {
    expect((await storeInto({ finish: async () => dimseStatus.dataSetMismatch })).status).toBe(0xa900)
  })

  it('whose sink fails at aborting too is still answered', async () => {
    expect((await storeInto({ write: failing(), abort: failing() })).status).toBe(
      dimseStatus.processingFailure,
    )
  })

  it('refused beforehand is read to its end, and not kept', async () => {
    const provider = new CollectingProvider()
    provider.openStore = async () => ({ refuse: dimseStatus.notAuthorised })
    await using server = await startServer(provider)
    await using association = await server.open()
    const before = bytesInUse()
    let meanwhile = Infinity
    const source = async function* () {
      for (let i = 0; i < 200; i++) yield Buffer.alloc(MiB)
      // Nearly all of it was read by now, and none of it is answered.
      meanwhile = bytesInUse()
    }
    expect(await association.store(instance(source()))).toEqual({ status: 0x0124 })
    expect(meanwhile - before).toBeLessThan(50 * MiB)
    expect(await association.echo()).toBe(0)
  })

  it('by a provider that throws is answered as a failure', async () => {
    const provider = new CollectingProvider()
    provider.openStore = failing()
    await using server = await startServer(provider)
    await using association = await server.open()
    expect(await association.store(instance([pattern(MiB)]))).toEqual({
      status: dimseStatus.processingFailure,
    })
    expect(await association.echo()).toBe(0)
  })
})

describe('a request that breaks the rules of C-STORE', () => {
  it.each([
    ['an instance UID with a path in it', { affectedSopInstanceUid: '../../1' }, dimseStatus.invalidInstance],
    [
      'another class than its context',
      { affectedSopClassUid: '1.2.840.10008.5.1.4.1.1.4' },
      dimseStatus.classNotSupported,
    ],
    ['an operation we do not have', { commandField: 0x0020 }, dimseStatus.unrecognisedOperation],
  ])('with %s is answered with its status after its data set was dropped', async (_name, wrong, status) => {
    const provider = new CollectingProvider()
    await using server = await startServer(provider)
    const peer = await RawPeer.associated(server.port)
    peer.send(dataPdu(pdv(3, 3, storeCommand(wrong)), pdv(3, 0, pattern(1000)), pdv(3, 2, pattern(1000))))
    expect(decodeCommand(commandBytes((await peer.nextPdu())?.body ?? Buffer.alloc(0))).status).toBe(status)
    expect(provider.stored).toEqual([])
    peer.socket.destroy()
  })

  it('without a data set is answered at once', async () => {
    await using server = await startServer(new CollectingProvider())
    const peer = await RawPeer.associated(server.port)
    peer.send(dataPdu(pdv(3, 3, storeCommand({ hasDataSet: false }))))
    const { status } = decodeCommand(commandBytes((await peer.nextPdu())?.body ?? Buffer.alloc(0)))
    expect(status).toBe(dimseStatus.cannotUnderstand)
    peer.socket.destroy()
  })
})

it('success and warnings count as stored, failures do not', () => {
  expect([0x0000, 0xb000, 0xb007, 0x0107].every(isStored)).toBe(true)
  expect([0xa700, 0xa900, 0xc000, 0x0110, 0x0124, 0xff00].some(isStored)).toBe(false)
})
