import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentsAnswer, entryHeader, indexRequest, searchRequest, transferControl } from './index.ts'
import type { ContentsAnswer, SearchRequest, SeriesContents, Signer } from './index.ts'

const peer = `12D3KooW${'A'.repeat(44)}`
const signer: Signer = {
  peerId: peer,
  sign: (domain, message) => new Uint8Array(64).fill(domain.length + (message[0] ?? 0)),
}
const verify = (_peer: string, domain: string, message: Uint8Array, signature: Uint8Array) =>
  signature[0] === (domain.length + (message[0] ?? 0)) % 256
const question: SearchRequest = {
  kind: 'search',
  requestId: new Uint8Array(16),
  issuedAt: 1,
  holder: peer,
  epoch: 1,
  loc: new Uint8Array(32),
  user: { id: 'u1', name: 'x', role: 'radiologist' },
  purpose: { basis: 'treatment', reason: 'prior' },
}

describe('messages', () => {
  it('come back as they were sent, and encode to the same bytes whatever the order of keys', () => {
    const bucket = { epoch: 1, bits: 4, prefix: new Uint8Array(4) }
    const bytes = indexRequest.encode({ kind: 'get', bucket })
    expect(indexRequest.decode(bytes)).toEqual({ kind: 'get', bucket })
    expect(
      indexRequest.encode({ bucket: { prefix: bucket.prefix, bits: 4, epoch: 1 }, kind: 'get' }),
    ).toEqual(bytes)
  })

  it('are refused with unknown, missing or over-long fields', () => {
    expect(() => transferControl.decode(transferControl.encode({ kind: 'done', extra: 1 } as never))).toThrow(
      'MESSAGE_INVALID',
    )
    expect(() => transferControl.decode(transferControl.encode({ kind: 'want' } as never))).toThrow(
      'MESSAGE_INVALID',
    )
    expect(() => entryHeader.decode(new Uint8Array(513))).toThrow('MESSAGE_TOO_LARGE')
  })

  it('of any bytes at all are a message or MESSAGE_INVALID, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          indexRequest.decode(bytes)
        } catch (error) {
          expect((error as { code?: string }).code).toBe('MESSAGE_INVALID')
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('nested deeper than the stack are refused, not fatal', () => {
    expect(() => indexRequest.decode(new Uint8Array(1_000_000).fill(0x81))).toThrow('MESSAGE_INVALID')
  })
})

describe('an answer on contents', () => {
  const opened = (...series: number[]) => {
    const shape = { modality: 'CT', description: '', bodyPart: '', count: 1 }
    const instance = { uid: '1.2', sopClass: '1.2', syntax: '1.2' }
    const seriesWith = (instances: number): SeriesContents => ({
      ...{ uid: '1.2', ...shape },
      instances: Array.from({ length: instances }, () => instance),
    })
    const text = { accessionNumber: '', studyId: '', referringPhysician: '' }
    const half = Math.ceil(series.length / 2)
    const studies = [series.slice(0, half), series.slice(half)].map((some) => ({
      ...{ uid: '1.2', ...text, seriesCount: some.length, series: some.map(seriesWith) },
    }))
    const facts = { requestId: new Uint8Array(16), issuedAt: 1, more: false }
    const answer: ContentsAnswer = { status: 'answered', ...facts, studies }
    const { bytes } = contentsAnswer.sign(answer, signer)
    return () => contentsAnswer.open(bytes, peer, verify).message
  }

  it('is held to its limits in all, not in each study or series', () => {
    expect(opened(1, 1)()).toMatchObject({ status: 'answered' })
    expect(opened(10_000, 10_001)).toThrow('MESSAGE_INVALID')
    expect(opened(...Array.from({ length: 5001 }, () => 0))).toThrow('MESSAGE_INVALID')
  })
})

describe('signed messages', () => {
  it('open for their signer and domain', () => {
    const { bytes } = searchRequest.sign(question, signer)
    expect(searchRequest.open(bytes, peer, verify).message).toEqual(question)
  })

  it('are refused before a look inside when the signature does not hold', () => {
    const { bytes } = searchRequest.sign(question, signer)
    expect(() => searchRequest.open(bytes, peer, () => false)).toThrow('SIGNATURE_INVALID')
  })
})
