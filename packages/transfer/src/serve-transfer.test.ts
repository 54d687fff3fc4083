import { limits, transferRequest } from '@twiin/protocol'
import type { TransferControl, TransferRequest } from '@twiin/protocol'
import { describe, expect, it } from 'vitest'
import { controlFrame, decodeFrame, pieceFrame } from './frames.ts'
import { receiveStudy, serveTransfer } from './index.ts'
import type { Verdict } from './index.ts'
import { MemoryStudySource, channelPair } from './testing.ts'
import { TransferWorld, dataSets, holderId, receiverId, signerOf, study } from './testing/transfer-world.ts'
import type { WorldOptions } from './testing/transfer-world.ts'

const never = new AbortController().signal
const day = 24 * 60 * 60_000

/** Speaks to a holder by hand; returns its last frames and how serving ended. */
async function converse(world: TransferWorld, frames: Uint8Array[][], peerId = receiverId) {
  const { receiver, holder } = channelPair()
  const serving = serveTransfer(holder, peerId, {}, world.serveDeps()).then(
    () => 'served',
    (error: { code: string }) => error.code,
  )
  for (const frame of frames) await receiver.send(frame)
  const heard: string[] = []
  try {
    for await (const bytes of receiver.frames()) {
      const frame = decodeFrame(bytes)
      if (frame.kind === 'piece') heard.push(`piece ${frame.piece.index} ${frame.piece.offset}`)
      else heard.push(frame.control.kind === 'refused' ? frame.control.reason : frame.control.kind)
      if (heard.at(-1) === 'done') await receiver.end()
    }
  } catch {
    heard.push('cut')
  }
  await receiver.end()
  return { heard, ended: await serving }
}
const ask = (world: TransferWorld) => controlFrame({ kind: 'request', signed: world.request().bytes })
const want = (...pieces: { index: number; offset: number }[]) => controlFrame({ kind: 'want', pieces })
const refusalOf = async (options: WorldOptions) => {
  const world = new TransferWorld(options)
  return (await converse(world, [ask(world)])).heard
}

describe('a holder', () => {
  it('refuses, before it judges, a request for another node, a stale one, and a job older than a day', async () => {
    const now = new TransferWorld().clock.now()
    expect(await refusalOf({ request: { holder: receiverId } })).toEqual(['REQUEST_INVALID'])
    expect(await refusalOf({ request: { issuedAt: now - 60_001 } })).toEqual(['REQUEST_INVALID'])
    expect(await refusalOf({ request: { issuedAt: now + 60_001 } })).toEqual(['REQUEST_INVALID'])
    expect(await refusalOf({ request: { authorisedAt: now - day - 1 } })).toEqual(['JOB_EXPIRED'])
    expect(await refusalOf({ request: { studyInstanceUid: '9.9' } })).toEqual(['STUDY_UNKNOWN'])
    expect(await refusalOf({ verdict: () => ({ permitted: false, reason: 'CONSENT_MISSING' }) })).toEqual([
      'CONSENT_MISSING',
    ])
  })

  it('resets, without an answer, whoever sends what another peer signed, or no request', async () => {
    const world = new TransferWorld()
    expect(await converse(world, [ask(world)], holderId)).toEqual({
      heard: ['cut'],
      ended: 'SIGNATURE_INVALID',
    })
    expect(await converse(world, [want()])).toEqual({ heard: ['cut'], ended: 'FRAME_INVALID' })
    const piece = pieceFrame({ index: 0, offset: 0, bytes: new Uint8Array(9) })
    expect(await converse(world, [piece])).toEqual({ heard: ['cut'], ended: 'FRAME_INVALID' })
    expect(world.judged).toEqual([])
  })

  it('serves a collection of what was offered by the same rules', async () => {
    const world = new TransferWorld({ sizes: [10] })
    const request: TransferRequest = {
      kind: 'collect',
      requestId: new Uint8Array(16),
      issuedAt: world.clock.now(),
      holder: holderId,
      package: new Uint8Array(16),
      studyInstanceUid: study,
    }
    const { bytes } = transferRequest.sign(request, signerOf(receiverId))
    const asked = controlFrame({ kind: 'request', signed: bytes })
    expect((await converse(world, [asked, want({ index: 0, offset: 4 })])).heard).toEqual([
      'manifest',
      'piece 0 4',
      'done',
    ])
    expect(world.judged).toEqual([request])
    expect(world.served[0]).toMatchObject({ instances: 1, bytes: 6, peerId: receiverId })
  })

  it('cuts a receiver that wants what the manifest does not have, or one instance twice', async () => {
    const wants = [
      want({ index: 1, offset: 0 }),
      want({ index: 0, offset: 1000 }),
      want({ index: 0, offset: 2 ** 40 }),
      want({ index: 0, offset: 0 }, { index: 0, offset: 0 }),
    ]
    for (const wanted of wants) {
      const world = new TransferWorld({ sizes: [1000] })
      const { heard, ended } = await converse(world, [ask(world), wanted])
      expect([heard.filter((each) => each.startsWith('piece')), ended]).toEqual([[], 'REQUEST_INVALID'])
      expect(world.served[0]).toMatchObject({ bytes: 0, cut: 'REQUEST_INVALID' })
    }
  })

  it('does not send the same study for ever', async () => {
    const world = new TransferWorld({ sizes: [1000] })
    const frames = [ask(world), ...Array.from({ length: 5 }, () => want({ index: 0, offset: 0 }))]
    const { receiver, holder } = channelPair()
    const serving = serveTransfer(holder, receiverId, {}, world.serveDeps())
    serving.catch(() => {})
    for (const frame of frames) await receiver.send(frame)
    const drain = async () => {
      for await (const _ of receiver.frames());
    }
    await drain().catch(() => {})
    await expect(serving).rejects.toThrow('REQUEST_INVALID')
    expect(world.served[0]?.bytes).toBeLessThanOrEqual(3000)
  })

  it('stops at once when the right ends, in the middle of an instance and while it waits', async () => {
    const right = new AbortController()
    const verdict = (): Verdict => ({ permitted: true, watch: right.signal })
    const world = new TransferWorld({ sizes: [3_000_000], verdict })
    const deps = {
      ...world.receiveDeps(),
      onProgress: ({ bytes }: { bytes: { done: number } }) => bytes.done > 1_000_000 && right.abort(),
    }
    const received = receiveStudy({ recipient: receiverId, lanes: 1 }, deps, never)
    await expect(received).rejects.toMatchObject({ code: 'TRANSFER_CUT' })
    await world.holdersDone()
    expect(world.store.committed.size).toBe(0)
    expect(world.served[0]).toMatchObject({ instances: 0, cut: 'TRANSFER_STOPPED' })
    expect(world.served[0]?.bytes).toBeLessThan(2_000_000)

    const waiting = new AbortController()
    const idle = new TransferWorld({ verdict: () => ({ permitted: true, watch: waiting.signal }) })
    setImmediate(() => waiting.abort())
    expect((await converse(idle, [ask(idle)])).ended).toBe('TRANSFER_STOPPED')
  })

  it('never passes off bytes that changed on its disk as an instance', async () => {
    for (const change of [-1, 1]) {
      const source = new MemoryStudySource({ [study]: dataSets([1000]) })
      source.read = async function* () {
        yield new Uint8Array(1000 + change)
      }
      const world = new TransferWorld({ source })
      const received = receiveStudy({ recipient: receiverId, lanes: 1 }, world.receiveDeps(), never)
      await expect(received).rejects.toMatchObject({ code: 'TRANSFER_CUT' })
      await world.holdersDone()
      expect(world.served[0]).toMatchObject({ cut: 'SOURCE_CHANGED' })
    }
  })

  it('does not wait for ever for a peer that says nothing', async () => {
    const world = new TransferWorld()
    const { holder } = channelPair()
    const serving = serveTransfer(holder, receiverId, {}, world.serveDeps())
    serving.catch(() => {})
    await world.clock.advance(10_000)
    await expect(serving).rejects.toMatchObject({ code: 'TRANSFER_CUT' })
    expect(holder.signal.aborted).toBe(true)
  })

  it('has every request that was permitted forgotten when its channel is over, also one that came to no manifest', async () => {
    const failing = new MemoryStudySource({ [study]: dataSets([1000]) })
    failing.manifestInstances = () => Promise.reject(new Error('disk'))
    const large = new MemoryStudySource({ [study]: dataSets([1000]) })
    const [one] = await large.manifestInstances(study)
    if (one === undefined) throw new Error('nothing')
    large.manifestInstances = async () => Array<typeof one>(limits.instancesPerManifest + 1).fill(one)
    const cases: [WorldOptions, string][] = [
      [{}, 'done'],
      [{ request: { studyInstanceUid: '9.9' } }, 'STUDY_UNKNOWN'],
      [{ source: large }, 'STUDY_TOO_LARGE'],
      [{ source: failing }, 'cut'],
    ]
    for (const [options, last] of cases) {
      const world = new TransferWorld(options)
      expect((await converse(world, [ask(world), want({ index: 0, offset: 0 })])).heard.at(-1)).toBe(last)
      expect([world.judged.length, world.forgotten]).toEqual([1, world.judged])
    }
    const refused = new TransferWorld({ verdict: () => ({ permitted: false, reason: 'CONSENT_MISSING' }) })
    await converse(refused, [ask(refused)])
    expect([refused.judged.length, refused.forgotten]).toEqual([1, []])
  })

  it('leases no more than one piece a channel, and gives it back', async () => {
    const world = new TransferWorld({ sizes: [3_000_000] })
    const control: TransferControl = { kind: 'want', pieces: [{ index: 0, offset: 0 }] }
    await converse(world, [ask(world), controlFrame(control)])
    expect(world.budget.highest).toBe(512 * 1024)
    expect(world.budget.used).toBe(0)
  })
})
