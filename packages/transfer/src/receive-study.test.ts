import { limits, manifest } from '@twiin/protocol'
import type { Manifest } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { controlFrame, decodeFrame, pieceFrame } from './frames.ts'
import { receiveStudy } from './index.ts'
import type { TransferChannel } from './index.ts'
import { channelPair } from './testing.ts'
import type { ChannelFaults } from './testing/memory-channel.ts'
import { TransferWorld, holderId, receiverId, signerOf, study } from './testing/transfer-world.ts'

const never = new AbortController().signal
const options = { recipient: receiverId, lanes: 1 }
const sizes = [3000, 4000, 200_000]
const frameOf = (parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

/** Receives from a holder whose pieces are changed on the way. */
async function receiveTampered(tamper: NonNullable<ChannelFaults['tamper']>) {
  const world = new TransferWorld({ sizes, faults: () => ({ tamper }) })
  const outcome = await receiveStudy(options, world.receiveDeps(), never).then(
    () => 'complete',
    (error: { code: string }) => error.code,
  )
  await world.holdersDone()
  expect(world.store.openNow).toBe(0)
  expect(world.budget.used).toBe(0)
  return { world, outcome }
}
const onPiece = (change: (piece: { index: number; offset: number; bytes: Uint8Array }) => Uint8Array[][]) => {
  return (frame: Uint8Array) => {
    const decoded = decodeFrame(frame)
    return decoded.kind === 'piece' ? change(decoded.piece).map(frameOf) : frame
  }
}

/** Receives from a holder that is played by the test. */
async function receiveFrom(play: (holder: TransferChannel) => Promise<void>) {
  const world = new TransferWorld({ sizes })
  const { receiver, holder } = channelPair()
  const playing = play(holder).catch(() => {})
  const deps = { ...world.receiveDeps(), open: async () => receiver }
  const outcome = await receiveStudy(options, deps, never).then(
    () => 'complete',
    (error: { code: string; facts: Record<string, unknown> }) => [
      error.code,
      error.facts.at ?? error.facts.reason,
    ],
  )
  holder.abort(new Error('over'))
  await playing
  expect(world.manifests).toEqual([])
  return outcome
}

describe('a receiver', () => {
  it('lets go of everything when an instance cannot be kept', async () => {
    const world = new TransferWorld({ sizes: Array<number>(40).fill(3000) })
    const { store } = world
    const open = store.open.bind(store)
    store.open = async (instance) => ({
      ...(await open(instance)),
      commit: () => Promise.reject(new TwiinError('OUT_OF_RESOURCES')),
    })
    const receiving = receiveStudy(options, world.receiveDeps(), never)
    await expect(receiving).rejects.toMatchObject({ code: 'OUT_OF_RESOURCES' })
    await world.holdersDone()
    expect(store.openNow).toBe(0)
  })

  it('asks once more for an instance with another digest, and takes the right one', async () => {
    let lies = 1
    const { world, outcome } = await receiveTampered(
      onPiece((piece) => [
        pieceFrame(
          piece.index === 1 && lies-- > 0 ? { ...piece, bytes: piece.bytes.map((b) => b ^ 1) } : piece,
        ),
      ]),
    )
    expect(outcome).toBe('complete')
    expect(world.served[0]?.bytes).toBe(207_000 + 4000)
    expect(
      Buffer.compare(
        world.store.committed.get('1.2.3.2') ?? new Uint8Array(),
        world.data[1] ?? new Uint8Array(1),
      ),
    ).toBe(0)
  })

  it('gives up on an instance that comes twice with another digest, and keeps nothing of it', async () => {
    const { world, outcome } = await receiveTampered(
      onPiece((piece) => [
        pieceFrame(piece.index === 0 ? { ...piece, bytes: piece.bytes.map((b) => b ^ 1) } : piece),
      ]),
    )
    expect(outcome).toBe('DIGEST_MISMATCH')
    expect([...world.store.committed.keys()]).not.toContain('1.2.3.1')
    expect(world.store.written).toBeLessThanOrEqual(2 * 207_000)
  })

  it('refuses a piece nobody asked for, a gap, a repetition, and a byte beyond the end', async () => {
    const changes: Parameters<typeof onPiece>[0][] = [
      (piece) => [pieceFrame({ ...piece, index: piece.index + 1 })],
      (piece) => [pieceFrame({ ...piece, index: 7 })],
      (piece) => [pieceFrame({ ...piece, offset: piece.offset - (piece.offset > 0 ? 1 : 0) })],
      (piece) => (piece.index === 2 ? [pieceFrame(piece), pieceFrame(piece)] : [pieceFrame(piece)]),
      (piece) => [
        pieceFrame(piece.index === 0 ? { ...piece, bytes: new Uint8Array([...piece.bytes, 0]) } : piece),
      ],
    ]
    for (const change of changes)
      expect((await receiveTampered(onPiece(change))).outcome).toBe('PIECE_UNEXPECTED')
  })

  it('refuses frames that are none, too long, empty, or out of turn', async () => {
    const changes: ((frame: Uint8Array) => Uint8Array)[] = [
      () => new Uint8Array(0),
      () => Uint8Array.of(9, 9),
      () => Uint8Array.of(1, 0xff),
      () => frameOf(pieceFrame({ index: 0, offset: 0, bytes: new Uint8Array(0) })),
      () =>
        frameOf(pieceFrame({ index: 0, offset: 0, bytes: new Uint8Array(limits.transferPieceBytes + 1) })),
      () => frameOf(controlFrame({ kind: 'done' })),
      () => frameOf(controlFrame({ kind: 'refused', reason: 'LATE' })),
    ]
    for (const change of changes)
      expect((await receiveTampered((frame, number) => (number === 1 ? change(frame) : frame))).outcome).toBe(
        'FRAME_INVALID',
      )
  })

  it('is not kept busy by an endless stream', async () => {
    let sent = 0
    const outcome = await receiveFrom(async (holder) => {
      for (;;) {
        await holder.send(pieceFrame({ index: 0, offset: sent++, bytes: new Uint8Array(1) }))
      }
    })
    expect(outcome).toEqual(['FRAME_INVALID', undefined])
    expect(sent).toBeLessThan(20)
  })

  it('takes a manifest only from the holder, made out to it, about this study, each instance once', async () => {
    const world = new TransferWorld({ sizes })
    const instances = await world.serveDeps().source.manifestInstances(study)
    const good: Manifest = {
      holder: holderId,
      recipient: receiverId,
      issuedAt: 1,
      studyInstanceUid: study,
      instances: [...instances],
    }
    const twice = [...instances, ...instances.slice(0, 1)]
    const cases: [Manifest, string, string][] = [
      [good, receiverId, 'SIGNATURE_INVALID'],
      [{ ...good, holder: receiverId }, holderId, 'holder'],
      [{ ...good, recipient: holderId }, holderId, 'recipient'],
      [{ ...good, studyInstanceUid: '1.2.4' }, holderId, 'studyInstanceUid'],
      [{ ...good, instances: twice }, holderId, 'instances'],
      [{ ...good, instances: [] }, holderId, 'MESSAGE_INVALID'],
    ]
    for (const [message, signedBy, at] of cases) {
      const signed = manifest.sign(message, signerOf(signedBy)).bytes
      const outcome = await receiveFrom((holder) => holder.send(controlFrame({ kind: 'manifest', signed })))
      expect(outcome).toEqual(['MANIFEST_INVALID', at])
    }
  })

  it('tells why it was refused', async () => {
    const outcome = await receiveFrom((holder) =>
      holder.send(controlFrame({ kind: 'refused', reason: 'CONSENT_DENIED' })),
    )
    expect(outcome).toEqual(['TRANSFER_REFUSED', 'CONSENT_DENIED'])
  })

  it('does not wait for ever for a holder that says nothing', async () => {
    const world = new TransferWorld({ sizes })
    const { receiver } = channelPair()
    const receiving = receiveStudy(options, { ...world.receiveDeps(), open: async () => receiver }, never)
    const outcome = receiving.catch((error: { code: string }) => error.code)
    await new Promise((resolve) => setImmediate(resolve))
    await world.clock.advance(30_000)
    expect(await outcome).toBe('TRANSFER_CUT')
    expect(receiver.signal.aborted).toBe(true)
  })
})
