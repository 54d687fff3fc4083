export interface DeclaredSize {
  width: number
  height: number
  components: number
}

/**
 * The size a compressed picture says it has, read before any decoder is: JPEG and JPEG-LS by their frame header (T.81
 * B.2.2, T.87), JPEG 2000 and HTJ2K by SIZ (T.800 A.5.1). Undefined when it says none.
 */
export function declaredSize(bytes: Buffer): DeclaredSize | undefined {
  if (bytes.length < 48 || bytes[0] !== 0xff) return undefined
  if (bytes[1] === 0x4f) {
    if (bytes.readUInt16BE(2) !== 0xff51) return undefined
    return {
      width: bytes.readUInt32BE(8) - bytes.readUInt32BE(16),
      height: bytes.readUInt32BE(12) - bytes.readUInt32BE(20),
      components: bytes.readUInt16BE(40),
    }
  }
  if (bytes[1] !== 0xd8) return undefined
  for (let at = 2; at + 9 < bytes.length;) {
    const marker = bytes.readUInt16BE(at)
    if (marker === 0xffff) {
      at++
      continue
    }
    // Start of frame: C0 to CF but for DHT, JPG and DAC; F7 is that of JPEG-LS.
    const isFrame =
      marker === 0xfff7 ||
      (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker))
    if (isFrame) {
      const [height, width] = [bytes.readUInt16BE(at + 5), bytes.readUInt16BE(at + 7)]
      return { width, height, components: bytes[at + 9] ?? 0 }
    }
    if (marker < 0xff01 || marker === 0xffda) return undefined
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}
