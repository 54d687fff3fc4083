import { hasShortLength } from './element-header.ts'
import type { Encoding } from './element-header.ts'
import { tags } from './tags.ts'

/** The header of an element, item or delimiter. */
export function encodeHeader(tag: number, vr: string, length: number, encoding: Encoding): Buffer {
  const explicit = encoding.explicit && tag >>> 16 !== 0xfffe
  const short = explicit && hasShortLength(vr)
  const header = Buffer.alloc(explicit && !short ? 12 : 8)
  writeUint(header, tag >>> 16, 0, 2, encoding)
  writeUint(header, tag & 0xffff, 2, 2, encoding)
  if (explicit) header.write(vr, 4, 'latin1')
  if (short) writeUint(header, length, 6, 2, encoding)
  else writeUint(header, length, header.length - 4, 4, encoding)
  return header
}

/** An element with its value padded to even length (PS3.5 §6.2: UI and OB with zero, text with a space). */
export function encodeElement(
  tag: number,
  vr: string,
  value: Uint8Array | string,
  encoding: Encoding,
): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value
  const padding = Buffer.from(bytes.length % 2 === 0 ? '' : vr === 'UI' || vr === 'OB' ? '\0' : ' ')
  return Buffer.concat([encodeHeader(tag, vr, bytes.length + padding.length, encoding), bytes, padding])
}

export function encodeUint32(tag: number, value: number, encoding: Encoding): Buffer {
  const bytes = Buffer.alloc(4)
  writeUint(bytes, value, 0, 4, encoding)
  return encodeElement(tag, 'UL', bytes, encoding)
}

/** An item of defined length around encoded elements. */
export function encodeItem(elements: readonly Uint8Array[], encoding: Encoding): Buffer {
  const content = Buffer.concat(elements)
  return Buffer.concat([encodeHeader(tags.item, '', content.length, encoding), content])
}

/** A sequence of defined length around encoded items. */
export function encodeSequence(tag: number, items: readonly Uint8Array[], encoding: Encoding): Buffer {
  const content = Buffer.concat(items)
  return Buffer.concat([encodeHeader(tag, 'SQ', content.length, encoding), content])
}

function writeUint(target: Buffer, value: number, at: number, bytes: 2 | 4, encoding: Encoding): void {
  if (encoding.littleEndian) target.writeUIntLE(value, at, bytes)
  else target.writeUIntBE(value, at, bytes)
}
