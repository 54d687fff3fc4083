/** Keys of a package (spec 25 §2): one in the link, one derived for each entry. */

export const keyBytes = 32
export const saltBytes = 16
/** 32 bytes as base64url, without padding. */
const keyText = /^[A-Za-z0-9_-]{43}$/

/** For WebCrypto, which takes no view on shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>
export type CipherKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

export const newPackageKey = (random: (length: number) => Uint8Array): Uint8Array => random(keyBytes)
export const newPackageSalt = (random: (length: number) => Uint8Array): Uint8Array => random(saltBytes)

/** As it stands in the fragment of the link: base64url, 43 characters. */
export function keyToText(key: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...key))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** `undefined` when the text is not a key, or not the one way to write it. */
export function keyFromText(text: string): Uint8Array | undefined {
  if (!keyText.test(text)) return undefined
  const binary = atob(`${text.replaceAll('-', '+').replaceAll('_', '/')}=`)
  const key = Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
  return keyToText(key) === text ? key : undefined
}

/** HKDF-SHA256 (RFC 5869) of the package key: the salt of the file, the number of the entry in the info. */
export class EntryKeys {
  readonly #salt: Bytes
  readonly #packageKey: Promise<CipherKey>

  constructor({ key, salt }: { key: Uint8Array; salt: Uint8Array }) {
    if (key.length !== keyBytes || salt.length !== saltBytes)
      throw new RangeError('a package has a key of 32 bytes and a salt of 16')
    this.#salt = salt.slice()
    this.#packageKey = crypto.subtle.importKey('raw', key.slice(), 'HKDF', false, ['deriveKey'])
    // Told to whom asks for a key.
    this.#packageKey.catch(() => {})
  }

  /** AES-256-GCM, for this entry only. 0 is the manifest. */
  async of(entry: number): Promise<CipherKey> {
    const label = new TextEncoder().encode('twiin-share/1 entry')
    const info = new Uint8Array(label.length + 4)
    info.set(label)
    new DataView(info.buffer).setUint32(label.length, entry)
    return crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: this.#salt, info },
      await this.#packageKey,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    )
  }
}
