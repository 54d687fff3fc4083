import { createHash } from 'node:crypto'
import { syntheticInstance } from '@twiin/dicom'
import { NodeKey } from '@twiin/identity'
import {
  frameType,
  manifest,
  offer,
  pieceHeaderBytes,
  protocolIds,
  receipt,
  sendAnswer,
  sendRequest,
  transferControl,
  transferRequest,
} from '@twiin/protocol'
import { describe, expect, it } from 'vitest'
import { begunRun, failed, holdings, nothingHeld, run } from '../testing/self-test-run.ts'
import { eventually } from '../testing/test-hospital.ts'
import { packageOf, syntheticStudy } from './synthetic-study.ts'

describe('sending', () => {
  it('brings nothing to a recipient that knows of no run', async () => {
    await using world = await begunRun()
    const { net, b, atA, atB } = world
    await atB({ kind: 'end' })
    expect(await atA({ kind: 'send', peer: b })).toEqual(failed('REQUEST_INVALID'))
    expect(await holdings(net.b)).toEqual(nothingHeld)
  })

  it('takes an offer of the peer of the run only, for this very study, while it is fresh', async () => {
    await using world = await begunRun()
    const { net, a, b, atB } = world
    const { clock } = net.network
    await atB({ kind: 'received', peer: a })
    const study = syntheticStudy(run, a)
    const offered = (change: object = {}) =>
      offer.sign(
        {
          kind: 'offer',
          package: packageOf(run, a, b),
          issuedAt: clock.now(),
          sender: a,
          recipient: b,
          reason: 'self-test',
          urgency: 'routine',
          user: { id: 'x', name: 'x', role: 'self-test' },
          studies: [
            {
              studyInstanceUid: study.studyInstanceUid,
              modalities: [],
              description: '',
              instances: 1,
              bytes: 1,
            },
          ],
          ...change,
        },
        net.a.key,
      ).bytes
    const sends = async (signed: Uint8Array) =>
      sendAnswer.decode(
        await net.network.wire
          .host(a)
          .ask(b, protocolIds.send, sendRequest.encode({ kind: 'offer', signed })),
      )
    const refused = { kind: 'refused', reason: 'REQUEST_INVALID' }
    expect(await sends(offered({ issuedAt: clock.now() - 61_000 }))).toEqual(refused)
    expect(await sends(offered({ recipient: a }))).toEqual(refused)
    expect(await sends(offered({ studies: [{ ...offeredOther }] }))).toEqual(refused)
    // A says so, but it has no such package to collect.
    expect(await sends(offered())).toEqual({ kind: 'noted' })
    expect(await atB({ kind: 'received', peer: a })).toEqual(failed('TRANSFER_REFUSED'))
    expect(await net.b.transfers()).toEqual([])
  })

  it('lets nobody collect but the peer of the run, and each request count once', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    await atB({ kind: 'received', peer: a })
    await atA({ kind: 'send', peer: b })
    const request = (signer: NodeKey) =>
      transferRequest.sign(
        {
          ...{ kind: 'collect', requestId: new Uint8Array(16), issuedAt: net.network.clock.now() },
          ...{ holder: a, package: packageOf(run, a, b) },
          studyInstanceUid: syntheticStudy(run, a).studyInstanceUid,
        },
        signer,
      ).bytes
    /** What A says first. */
    const collect = async (from: string, signed: Uint8Array) => {
      const channel = await net.network.wire.host(from).open(a, protocolIds.transfer)
      await channel.send([
        Uint8Array.of(frameType.control),
        transferControl.encode({ kind: 'request', signed }),
      ])
      for await (const frame of channel.frames()) return transferControl.decode(frame.subarray(1))
      throw new Error('no answer')
    }
    const third = NodeKey.generate()
    expect(await collect(third.peerId, request(third))).toEqual({
      kind: 'refused',
      reason: 'PACKAGE_UNKNOWN',
    })
    const signed = request(net.b.key)
    expect(await collect(b, signed)).toMatchObject({ kind: 'manifest' })
    expect(await collect(b, signed)).toEqual({ kind: 'refused', reason: 'REQUEST_INVALID' })
  })

  it('tells the recipient’s trouble, and succeeds when it is tried again', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    await atB({ kind: 'received', peer: a })
    net.network.wire.faults.push({ cutAtFrame: 1 })
    expect(await atA({ kind: 'send', peer: b })).toEqual({ kind: 'sent', receipt: false })
    expect(await atB({ kind: 'received', peer: a })).toEqual(failed('TRANSFER_CUT'))
    expect(await atA({ kind: 'send', peer: b })).toEqual({ kind: 'sent', receipt: true })
    expect(await atB({ kind: 'received', peer: a })).toEqual({ kind: 'received', whole: true })
  })

  it('does not take for whole what is not the study of the run, whoever signed for it', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    await atB({ kind: 'received', peer: a })
    // A signs for an image of somebody else, under the identifiers of the run.
    const { studyInstanceUid, instance } = syntheticStudy(run, a)
    const image = syntheticInstance({
      ...{ citizenNumber: '999990019', studyInstanceUid: '2.25.1', seriesInstanceUid: '2.25.2' },
      sopInstanceUid: instance.sopInstanceUid,
    })
    const other = image.file.subarray(image.dataSetOffset)
    const signed = manifest.sign(
      {
        ...{ holder: a, recipient: b, issuedAt: net.network.clock.now(), studyInstanceUid },
        instances: [
          { ...instance, bytes: other.length, sha256: createHash('sha256').update(other).digest() },
        ],
      },
      net.a.key,
    ).bytes
    net.network.wire.faults.push({
      tamper: (frame, number) => {
        if (number === 0)
          return Buffer.concat([
            Uint8Array.of(frameType.control),
            transferControl.encode({ kind: 'manifest', signed }),
          ])
        return frame[0] === frameType.piece
          ? Buffer.concat([frame.subarray(0, pieceHeaderBytes), other])
          : frame
      },
    })
    expect(await atA({ kind: 'send', peer: b })).toEqual({ kind: 'sent', receipt: false })
    expect(await atB({ kind: 'received', peer: a })).toEqual(failed('STUDY_OTHER'))
  })

  it('does not believe a receipt for a manifest that it did not serve', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    await atB({ kind: 'received', peer: a })
    // B collects nothing, and says that it did.
    net.network.wire.faults.push({ cutAtFrame: 0 }, { cutAtFrame: 0 })
    const sent = atA({ kind: 'send', peer: b })
    const { bytes: signed } = receipt.sign(
      {
        ...{ kind: 'receipt', package: packageOf(run, a, b), sender: a, recipient: b },
        ...{ issuedAt: net.network.clock.now(), state: 'delivered', instances: 1 },
        manifests: [new Uint8Array(32)],
      },
      net.b.key,
    )
    const says = () =>
      net.network.wire.host(b).ask(a, protocolIds.send, sendRequest.encode({ kind: 'receipt', signed }))
    await eventually(async () => (await net.b.audit('self-test')).length > 1)
    expect(sendAnswer.decode(await says())).toEqual({ kind: 'noted' })
    expect(await sent).toEqual({ kind: 'sent', receipt: false })
  })
})

const offeredOther = { studyInstanceUid: '1.2.3', modalities: [], description: '', instances: 1, bytes: 1 }
