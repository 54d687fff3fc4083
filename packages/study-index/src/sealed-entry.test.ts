import { hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { bodyClasses, entryBody, entryHeader } from '@twiin/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveLocation, markOf, openEntry, sealEntry, signatureHolds, tombstone } from './index.ts'
import type { PublishedStudy } from './index.ts'
import { fakeKeys } from './testing.ts'

const token = new Uint8Array(64).fill(7)
const other = new Uint8Array(64).fill(8)
const signer = fakeKeys.signer(fakeKeys.peerId('a'))
const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const study = (i: number): PublishedStudy => ({
  handle: new Uint8Array(16).fill(i),
  date: `20${String(10 + (i % 90)).padStart(2, '0')}-03-04`,
  modalities: ['CT', 'SR'],
  region: 'chest',
  size: 1000,
})
const seal = (count: number) =>
  sealEntry(
    { token, epoch: 1, seq: 1, issued: 20_000 },
    Array.from({ length: count }, (_, i) => study(i)),
    { signer, random },
  )

describe('a sealed entry', () => {
  it('opens with its token, and is nothing to any other token or epoch', () => {
    const entry = seal(3)
    expect(openEntry(token, 1, entry)?.body.studies).toHaveLength(3)
    expect(openEntry(other, 1, entry)).toBeUndefined()
    expect(openEntry(token, 2, entry)).toBeUndefined()
  })

  it('shows outside only sizes of the classes, whatever it holds', () => {
    const sizes = [0, 1, 2, 5, 10, 40, 120, 400, 600].map((count) => seal(count).body.byteLength - 16)
    expect(sizes.every((size) => (bodyClasses as readonly number[]).includes(size))).toBe(true)
    expect(seal(0).body.byteLength).toBe(seal(3).body.byteLength)
  })

  it('holds the newest studies that fit, and says that there are more', () => {
    const shown = openEntry(token, 1, seal(600))?.body
    expect(shown?.more).toBe(true)
    expect(shown?.studies.length).toBeGreaterThan(150)
    const dates = shown?.studies.map(({ date }) => date ?? '') ?? []
    expect(dates).toEqual(dates.toSorted().reverse())
    expect(dates[0]).toBe('2099-03-04')
    expect(openEntry(token, 1, seal(2))?.body.more).toBe(false)
  })

  it('of no study at all points to the holder', () => {
    expect(openEntry(token, 1, seal(0))?.body).toEqual({ studies: [], more: true })
  })

  it('cannot say a UID, a description, an accession number or a name: it has no such field', () => {
    const body = entryBody.decode(entryBody.encode({ studies: [study(1)], more: false }))
    expect(Object.keys(body).toSorted()).toEqual(['more', 'studies'])
    expect(Object.keys(body.studies[0] ?? {}).toSorted()).toEqual([
      'date',
      'handle',
      'modalities',
      'region',
      'size',
    ])
    const extra = { studies: [{ ...study(1), studyInstanceUid: '1.2.3' }], more: false }
    expect(() => entryBody.decode(entryBody.encode(extra))).toThrow('MESSAGE_INVALID')
  })

  it('does not open once a byte of it was changed', () => {
    const entry = seal(2)
    fc.assert(
      fc.property(
        fc.nat(entry.header.byteLength + entry.body.byteLength - 1),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const bytes = Buffer.concat([entry.header, entry.body])
          bytes[at] = (bytes[at] ?? 0) ^ flip
          const header = bytes.subarray(0, entry.header.byteLength)
          const body = bytes.subarray(entry.header.byteLength)
          expect(openEntry(token, 1, { ...entry, header, body })).toBeUndefined()
          expect(signatureHolds(signer.peerId, { ...entry, header, body }, fakeKeys.verify)).toBe(false)
        },
      ),
    )
  })

  it('names its key: sealed rightly under another commitment it does not open', () => {
    const entry = seal(1)
    const fields = entryHeader.decode(entry.header)
    const key = new Uint8Array(hkdfSync('sha256', token, 'twiin/v1', `enc|1|${signer.peerId}`, 32))
    const plain = xchacha20poly1305(key, fields.nonce, entry.header).decrypt(entry.body)
    const under = (commit: Uint8Array) => {
      const header = entryHeader.encode({ ...fields, commit })
      return { ...entry, header, body: xchacha20poly1305(key, fields.nonce, header).encrypt(plain) }
    }
    expect(openEntry(token, 1, under(fields.commit))?.body.studies).toHaveLength(1)
    expect(openEntry(token, 1, under(new Uint8Array(32)))).toBeUndefined()
  })

  it('never repeats: the same studies twice share no nonce, commitment or ciphertext', () => {
    const [a, b] = [seal(1), seal(1)]
    const [first, second] = [entryHeader.decode(a.header), entryHeader.decode(b.header)]
    expect(first.nonce).not.toEqual(second.nonce)
    expect(first.commit).not.toEqual(second.commit)
    expect(a.body).not.toEqual(b.body)
  })
})

describe('a tombstone', () => {
  it('says where and since when, and nothing else', () => {
    const entry = tombstone({ loc: deriveLocation(token, 1), epoch: 1, seq: 2, issued: 20_000 }, signer)
    expect(entry.body).toHaveLength(0)
    expect(markOf(entry)).toMatchObject({ seq: 2, tombstone: true, issued: 20_000, expires: 20_090 })
    expect(openEntry(token, 1, entry)).toBeUndefined()
    expect(signatureHolds(signer.peerId, entry, fakeKeys.verify)).toBe(true)
  })
})

describe('the vectors of spec 03', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../../../docs/spec/vectors/index-entry.json', import.meta.url), 'utf8'),
  ) as {
    token: string
    epoch: number
    publisher: string
    loc: string
    entry: { seq: number; issued: number; nonce: string; header: string; body: string; signedBytes: string }
    study: { handle: string; date: string; modalities: string[]; region: string; size: number }
  }
  const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

  it('are what this code derives, seals and opens', () => {
    const vectorToken = bytes(vectors.token)
    expect(deriveLocation(vectorToken, vectors.epoch)).toEqual(bytes(vectors.loc))
    let signed: Uint8Array | undefined
    const recording = {
      peerId: vectors.publisher,
      sign: (_: string, message: Uint8Array) => {
        signed = new Uint8Array(message)
        return new Uint8Array(64)
      },
    }
    const shown = { ...vectors.study, handle: bytes(vectors.study.handle) }
    const { seq, issued, nonce } = vectors.entry
    const entry = sealEntry({ token: vectorToken, epoch: vectors.epoch, seq, issued }, [shown], {
      signer: recording,
      random: () => bytes(nonce),
    })
    expect(Buffer.from(entry.header).toString('hex')).toBe(vectors.entry.header)
    expect(Buffer.from(entry.body).toString('hex')).toBe(vectors.entry.body)
    expect(Buffer.from(signed ?? []).toString('hex')).toBe(vectors.entry.signedBytes)
    expect(openEntry(vectorToken, vectors.epoch, entry)?.body).toEqual({ studies: [shown], more: false })
  })
})
