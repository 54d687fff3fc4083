import { dimseError } from '../dimse-error.ts'

/** An item or sub-item of an A-ASSOCIATE PDU: type, reserved byte, length of two bytes (PS3.8 §9.3.2). */
export function encodeItem(type: number, ...value: readonly Uint8Array[]): Buffer {
  const header = Buffer.of(type, 0, 0, 0)
  header.writeUInt16BE(
    value.reduce((sum, part) => sum + part.length, 0),
    2,
  )
  return Buffer.concat([header, ...value])
}

export function decodeItems(bytes: Buffer): { type: number; value: Buffer }[] {
  const items: { type: number; value: Buffer }[] = []
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 4) throw dimseError('PDU_MALFORMED', { what: 'item header' })
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) throw dimseError('PDU_MALFORMED', { what: 'item length' })
    items.push({ type: bytes.readUInt8(at), value: bytes.subarray(at + 4, end) })
    at = end
  }
  return items
}

/** Padded with spaces by the standard, with NUL by some senders. */
export function textOf(value: Buffer): string {
  return value.toString('latin1').replace(/^[ \0]+|[ \0]+$/g, '')
}
