import { TwiinError } from '@twiin/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitmentFailure } from '../commitment.ts'
import type { CommitmentResult } from '../commitment.ts'
import type { CommitmentRequestReceived } from '../dimse-provider.ts'
import { ctImage, failure, providing, startServer } from '../testing.ts'
import { storageCommitmentPush, transferSyntax } from '../uids.ts'
import {
  decodeCommitmentRequest,
  decodeCommitmentResult,
  encodeCommitmentRequest,
  encodeCommitmentResult,
} from './commitment-data-set.ts'
import { encodingOf } from './small-data-set.ts'

const syntaxes = [
  transferSyntax.implicitVrLittleEndian,
  transferSyntax.explicitVrLittleEndian,
  transferSyntax.explicitVrBigEndian,
]
const encodings = syntaxes.map((uid) => encodingOf(uid) ?? { explicit: false, big: false })
const context = (role: 'scu' | 'scp', index = 0) => ({
  abstractSyntax: storageCommitmentPush,
  transferSyntaxes: [syntaxes[index] ?? ''],
  role,
})
const references = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ sopClassUid: ctImage, sopInstanceUid: `1.2.${i}` }))
const result: CommitmentResult = {
  transactionUid: '1.2.3',
  committed: references(2),
  failed: [{ ...references(3)[2]!, reason: commitmentFailure.noSuchObject }],
}

describe('storage commitment', () => {
  it.each([0, 1, 2])(
    'is asked for, answered and reported on the same association (syntax %i)',
    async (index) => {
      const requests: CommitmentRequestReceived[] = []
      await using server = await startServer(
        providing({ commit: async (request) => void requests.push(request) }),
      )
      const reported = Promise.withResolvers<CommitmentResult>()
      await using association = await server.open(
        { contexts: [context('scu', index)] },
        { committed: async (report) => reported.resolve(report) },
      )
      const request = { transactionUid: '1.2.3', references: references(2000) }
      expect(await association.requestCommitment(request)).toEqual({ status: 0 })
      expect(requests).toEqual([expect.objectContaining(request)])
      expect(await requests[0]?.reply(result)).toBe(0)
      expect(await reported.promise).toEqual({
        ...result,
        association: expect.objectContaining({ calledAe: 'ARCHIVE' }) as object,
      })
    },
  )

  it('is reported on a new association, in the role of the one who was asked', async () => {
    const reports: CommitmentResult[] = []
    await using asker = await startServer(
      providing({ committed: async (report) => void reports.push(report) }),
    )
    await using association = await asker.open({ contexts: [context('scp')] })
    expect(await association.reportCommitment(result)).toEqual({ status: 0 })
    expect(reports).toEqual([expect.objectContaining(result)])
    await expect(
      association.requestCommitment({ transactionUid: '1.2', references: references(1) }),
    ).rejects.toThrow(failure('CONTEXT_NOT_ACCEPTED'))
  })

  it('that names nothing is no result', async () => {
    const reports: CommitmentResult[] = []
    await using asker = await startServer(
      providing({ committed: async (report) => void reports.push(report) }),
    )
    await using association = await asker.open({ contexts: [context('scp')] })
    const nothing = { transactionUid: '1.2.3', committed: [], failed: [] }
    expect(await association.reportCommitment(nothing)).toEqual({ status: 0x0115 })
    expect(reports).toEqual([])
  })

  it('that the provider refuses, fails at, or cannot note is answered so', async () => {
    const errors = [new TwiinError('DIMSE_REFUSED', { status: 0x0213, comment: 'later' }), new Error('disk')]
    const fail = async () => {
      throw errors.shift() ?? new Error('once too often')
    }
    await using server = await startServer(providing({ commit: fail, committed: fail }))
    await using association = await server.open({ contexts: [context('scu')] })
    const request = { transactionUid: '1.2.3', references: references(1) }
    expect(await association.requestCommitment(request)).toEqual({ status: 0x0213, comment: 'later' })
    expect(await association.requestCommitment(request)).toEqual({ status: 0x0110 })
    await using report = await server.open({ contexts: [context('scp')] })
    errors.push(new Error('disk'))
    expect(await report.reportCommitment(result)).toEqual({ status: 0x0110 })
  })

  it('cannot be replied to when the asker is gone: a new association is needed', async () => {
    const requests: CommitmentRequestReceived[] = []
    const provider = providing({ commit: async (request) => void requests.push(request) })
    await using server = await startServer(provider)
    const association = await server.open({ contexts: [context('scu')] })
    await association.requestCommitment({ transactionUid: '1.2.3', references: references(1) })
    await association.release()
    await provider.noticed('ended released')
    await expect(requests[0]?.reply(result)).rejects.toThrow(failure('ASSOCIATION_CLOSED'))
  })

  it('of more than 65,535 references is not sent; of that many it is, and read in turns', async () => {
    let count = 0
    await using server = await startServer(
      providing({ commit: async ({ references: asked }) => void (count = asked.length) }),
    )
    await using association = await server.open({ contexts: [context('scu')] })
    const many = { transactionUid: '1.2.3', references: references(65_535) }
    let turns = 0
    let isOver = false
    const others = (async () => {
      for (; !isOver; turns++) await new Promise((resolve) => setImmediate(resolve))
    })()
    expect(await association.requestCommitment(many)).toEqual({ status: 0 })
    isOver = true
    await others
    // 65 to write it, 190 to read its elements, 64 to read what they say: not one long turn.
    expect(turns).toBeGreaterThan(250)
    expect(count).toBe(65_535)
    await expect(
      association.requestCommitment({ transactionUid: '1.2.3', references: references(65_536) }),
    ).rejects.toThrow(failure('DATA_SET_MALFORMED'))
  })
})

describe('commitments of many associations', () => {
  it('leave no more in memory together than there is room for, and are taken again when one was heard', async () => {
    const heard = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    await using server = await startServer(
      providing({ commit: async () => (begun.resolve(), heard.promise) }),
      { limits: { maxCommitmentBytesTogether: 12_000 } },
    )
    await using first = await server.open({ contexts: [context('scu')] })
    await using second = await server.open({ contexts: [context('scu')] })
    const request = { transactionUid: '1.2.3', references: references(150) }
    const one = first.requestCommitment(request)
    await begun.promise
    expect(await second.requestCommitment(request)).toEqual({ status: 0x0213 })
    heard.resolve()
    expect(await one).toEqual({ status: 0 })
    for (let times = 0; times < 3; times++)
      expect(await second.requestCommitment(request)).toEqual({ status: 0 })
  })
})

describe('its data set', () => {
  it('comes back as it was, in each syntax', async () => {
    for (const encoding of encodings) {
      expect(await decodeCommitmentResult(await encodeCommitmentResult(result, encoding), encoding)).toEqual(
        result,
      )
    }
  })

  it('may have sequences of undefined length, and elements nobody asked for', async () => {
    const hex = [
      '0800' + '0500' + '0a000000' + Buffer.from('ISO_IR 100').toString('hex'),
      '0800' + '9511' + '06000000' + Buffer.from('1.2.3\0').toString('hex'),
      '0800' + '9911' + 'ffffffff',
      'feff00e0' + 'ffffffff',
      '08005011' + '04000000' + Buffer.from('1.2\0').toString('hex'),
      '08005511' + '04000000' + Buffer.from('1.4\0').toString('hex'),
      '0900' + '0110' + 'ffffffff' + 'feff00e0' + '00000000' + 'feffdde0' + '00000000',
      'feff0de0' + '00000000',
      'feffdde0' + '00000000',
    ].join('')
    expect(await decodeCommitmentRequest(Buffer.from(hex, 'hex'), { explicit: false, big: false })).toEqual({
      transactionUid: '1.2.3',
      references: [{ sopClassUid: '1.2', sopInstanceUid: '1.4' }],
    })
  })

  it('of any bytes, or damaged anywhere, is read or refused, nothing else', async () => {
    const whole = await Promise.all(
      encodings.map((encoding) =>
        encodeCommitmentRequest({ transactionUid: '1.2.3', references: references(5) }, encoding),
      ),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1, 2),
        fc.nat(),
        fc.uint8Array({ maxLength: 8 }),
        fc.nat(8),
        async (index, at, bytes, cut) => {
          const from = whole[index] ?? Buffer.alloc(0)
          const place = at % from.length
          const damaged = Buffer.concat([from.subarray(0, place), bytes, from.subarray(place + cut)])
          try {
            await decodeCommitmentRequest(damaged, encodings[index] ?? { explicit: false, big: false })
          } catch (error) {
            expect(error).toMatchObject({ code: 'DATA_SET_MALFORMED' })
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('nested a hundred thousand deep, or of a million empty items, is refused in a moment', async () => {
    const open = Buffer.from('08009911fffffffffeff00e0ffffffff', 'hex')
    const deep = Buffer.concat(Array.from({ length: 100_000 }, () => open))
    const items = Buffer.concat([
      Buffer.from('08009911ffffffff', 'hex'),
      Buffer.alloc(8_000_000, Buffer.from('feff00e000000000', 'hex')),
    ])
    for (const bytes of [deep, items]) {
      const began = process.cpuUsage()
      await expect(decodeCommitmentRequest(bytes, { explicit: false, big: false })).rejects.toThrow(
        'DATA_SET_MALFORMED',
      )
      const { user, system } = process.cpuUsage(began)
      // Milliseconds of all threads, the garbage collector's too. Work that grows with the square takes far longer.
      expect((user + system) / 1000).toBeLessThan(5000)
    }
  })
})
