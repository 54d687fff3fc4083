const pem = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]+?)-----END (?:NEW )?CERTIFICATE REQUEST-----/

/**
 * The base64 of a certificate request, from PEM or from base64 alone; undefined when it is neither. Whether it is signed by
 * its own key, the registry finds out.
 */
export function readCsr(text: string): string | undefined {
  if (text.trim() === '') return undefined
  const base64 = (pem.exec(text)?.[1] ?? text).replace(/\s/g, '')
  // DER: a sequence with a length of two bytes, which is how every such request begins.
  return /^MI[A-Za-z0-9+/]{40,}={0,2}$/.test(base64) && base64.length % 4 === 0 ? base64 : undefined
}

/** A file as text: PEM as it is, DER as base64. Files beyond all reason are not read. */
export async function readCsrFile(file: Blob): Promise<string | undefined> {
  if (file.size > 16_384) return undefined
  const bytes = new Uint8Array(await file.arrayBuffer())
  if (bytes[0] !== 0x30) return new TextDecoder().decode(bytes)
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
