import { createCipheriv, hkdfSync } from 'node:crypto'

/** Spec 25 §2 once more, from node:crypto and in one go: what the package is compared with, and how a hostile one is made. */
export function sealedFile(of: {
  key: Uint8Array
  salt: Uint8Array
  entries: readonly Uint8Array[]
  manifest: Uint8Array | string
}): Buffer {
  const entries = of.entries.map((plain, index) => sealedEntry(of, index + 1, plain))
  const manifest = sealedEntry(of, 0, Buffer.from(of.manifest))
  const trailer = Buffer.alloc(8)
  trailer.writeBigUInt64BE(BigInt(manifest.length))
  return Buffer.concat([Buffer.from('twiin-share/1\n'), of.salt, ...entries, manifest, trailer])
}

export function entryKey({ key, salt }: { key: Uint8Array; salt: Uint8Array }, entry: number): Buffer {
  const info = Buffer.concat([Buffer.from('twiin-share/1 entry'), Buffer.alloc(4)])
  info.writeUInt32BE(entry, info.length - 4)
  return Buffer.from(hkdfSync('sha256', key, salt, info, 32))
}

function sealedEntry(of: { key: Uint8Array; salt: Uint8Array }, entry: number, plain: Uint8Array): Buffer {
  const key = entryKey(of, entry)
  const chunks: Buffer[] = []
  for (let at = 0, counter = 0; at < Math.max(1, plain.length); at += 65_536, counter++) {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(counter, 7)
    nonce[11] = at + 65_536 >= plain.length ? 1 : 0
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    chunks.push(cipher.update(plain.subarray(at, at + 65_536)), cipher.final(), cipher.getAuthTag())
  }
  return Buffer.concat(chunks)
}
