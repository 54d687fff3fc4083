import { hkdfSync } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { bodyClasses, entryBody, entryHeader } from '@twiin/protocol'
import type { EntryBody, EntryHeader, Signer, WireEntry } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { equalBytes, hex, u32 } from './bytes.ts'
import { lifetimeDays } from './days.ts'
import type { EntryDomain, EntryMark, PublishedStudy, VerifyEntrySignature } from './ports.ts'

const entryDomain: EntryDomain = 'twiin/entry/v1'
export const sealOverheadBytes = 16
const largestClass = Math.max(...bodyClasses)
const mostStudies = 512

export interface NewEntry {
  /** 64-byte patient token. */
  readonly token: Uint8Array
  readonly epoch: number
  readonly seq: number
  /** Whole days since the Unix epoch. */
  readonly issued: number
}
export interface EntryDeps {
  signer: Signer<EntryDomain>
  /** Cryptographic random bytes. */
  random: (bytes: number) => Uint8Array
}

/** spec 03 §2: HKDF-SHA-256 (RFC 5869), ikm = the patient token, salt = "twiin/v1". */
function derive(token: Uint8Array, info: string): Uint8Array {
  if (token.byteLength !== 64) throw new TwiinError('TOKEN_INVALID', { bytes: token.byteLength })
  return new Uint8Array(hkdfSync('sha256', token, 'twiin/v1', info, 32))
}

/** Where a patient stands in the index: 32 bytes, another in each epoch. */
export function deriveLocation(token: Uint8Array, epoch: number): Uint8Array {
  return derive(token, `loc|${epoch}`)
}
const deriveKey = (token: Uint8Array, epoch: number, publisher: string) =>
  derive(token, `enc|${epoch}|${publisher}`)
const deriveCommitment = (token: Uint8Array, epoch: number, publisher: string, nonce: Uint8Array) =>
  derive(token, `commit|${epoch}|${publisher}|${hex(nonce)}`)

/** A signed entry that shows the newest of `studies` to whoever holds the token, and to nobody else even how many. */
export function sealEntry(
  entry: NewEntry,
  studies: readonly PublishedStudy[],
  { signer, random }: EntryDeps,
): WireEntry {
  const { token, epoch, seq, issued } = entry
  const nonce = random(24)
  const header = entryHeader.encode({
    v: 1,
    loc: deriveLocation(token, epoch),
    publisher: signer.peerId,
    epoch,
    seq,
    issued,
    expires: issued + lifetimeDays,
    tombstone: false,
    nonce,
    commit: deriveCommitment(token, epoch, signer.peerId, nonce),
  })
  const cipher = xchacha20poly1305(deriveKey(token, epoch, signer.peerId), nonce, header)
  return sign(header, cipher.encrypt(padded(encodeBody(studies))), signer)
}

/** The signed end of what a publisher showed at a location. */
export function tombstone(
  entry: { readonly loc: Uint8Array; readonly epoch: number; readonly seq: number; readonly issued: number },
  signer: Signer<EntryDomain>,
): WireEntry {
  const header = entryHeader.encode({
    v: 1,
    loc: entry.loc,
    publisher: signer.peerId,
    epoch: entry.epoch,
    seq: entry.seq,
    issued: entry.issued,
    expires: entry.issued + lifetimeDays,
    tombstone: true,
    nonce: new Uint8Array(24),
    commit: new Uint8Array(32),
  })
  return sign(header, new Uint8Array(0), signer)
}

/**
 * What an entry says, to the holder of its token; undefined when it is another patient's, a tombstone, or damaged.
 * Does not judge the signature, the publisher or the date: see `signatureHolds`.
 */
export function openEntry(
  token: Uint8Array,
  epoch: number,
  entry: WireEntry,
): { header: EntryHeader; body: EntryBody } | undefined {
  try {
    const header = entryHeader.decode(entry.header)
    if (header.tombstone || header.epoch !== epoch) return undefined
    if (!equalBytes(header.loc, deriveLocation(token, epoch))) return undefined
    // The AEAD alone would open under several keys at once for who prepares it so; the commitment names one (§2).
    const commit = deriveCommitment(token, epoch, header.publisher, header.nonce)
    if (!equalBytes(header.commit, commit)) return undefined
    const key = deriveKey(token, epoch, header.publisher)
    const plain = xchacha20poly1305(key, header.nonce, entry.header).decrypt(entry.body)
    return { header, body: entryBody.decode(unpadded(plain)) }
  } catch {
    return undefined
  }
}

/** spec 03 §3: Ed25519 by the publisher over u32 length of header ‖ header ‖ body. */
export function signatureHolds(publisher: string, entry: WireEntry, verify: VerifyEntrySignature): boolean {
  return verify(publisher, entryDomain, signedBytes(entry.header, entry.body), entry.signature)
}

/** What stands in the header. Throws MESSAGE_INVALID when it is none. */
export function markOf(entry: WireEntry): EntryMark {
  const { epoch, loc, publisher, seq, issued, expires, tombstone } = entryHeader.decode(entry.header)
  return { epoch, loc, publisher, seq, issued, expires, tombstone }
}

function sign(header: Uint8Array, body: Uint8Array, signer: Signer<EntryDomain>): WireEntry {
  return { header, body, signature: signer.sign(entryDomain, signedBytes(header, body)) }
}

const signedBytes = (header: Uint8Array, body: Uint8Array) =>
  Buffer.concat([u32(header.byteLength), header, body])

/** As many of the newest studies as fit the largest class. None at all means: ask the holder. */
function encodeBody(studies: readonly PublishedStudy[]): Uint8Array {
  const newestFirst = studies
    .toSorted((a, b) => compareText(b.date ?? '', a.date ?? '') || Buffer.compare(a.handle, b.handle))
    .slice(0, mostStudies)
  for (let count = newestFirst.length; ; count = Math.floor(count * 0.9)) {
    const shown = newestFirst.slice(0, count)
    const bytes = entryBody.encode({ studies: shown, more: count < studies.length || count === 0 })
    if (bytes.byteLength + 4 <= largestClass) return bytes
  }
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function padded(body: Uint8Array): Uint8Array {
  const size = bodyClasses.find((candidate) => candidate >= body.byteLength + 4) ?? largestClass
  const bytes = new Uint8Array(size)
  bytes.set(u32(body.byteLength))
  bytes.set(body, 4)
  return bytes
}

function unpadded(plain: Uint8Array): Uint8Array {
  const length = new DataView(plain.buffer, plain.byteOffset, plain.byteLength).getUint32(0)
  return plain.subarray(4, 4 + length)
}
