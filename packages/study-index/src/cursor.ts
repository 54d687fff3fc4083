import { TwiinError } from '@twiin/runtime'

/** Where a page of a bucket ended: loc (32 bytes) ‖ publisher. */

export interface Cursor {
  readonly loc: Uint8Array
  readonly publisher: string
}

export function writeCursor({ loc, publisher }: Cursor): Uint8Array {
  return Buffer.concat([loc, Buffer.from(publisher)])
}

export function readCursor(bytes: Uint8Array): Cursor {
  const publisher = Buffer.from(bytes.subarray(32)).toString('latin1')
  if (!/^[1-9A-Za-z]{1,64}$/.test(publisher)) throw new TwiinError('CURSOR_INVALID')
  return { loc: bytes.subarray(0, 32), publisher }
}

/** The order of entries within an epoch; peer IDs are ASCII, so text order is byte order. */
export function compareCursors(a: Cursor, b: Cursor): number {
  return Buffer.compare(a.loc, b.loc) || (a.publisher < b.publisher ? -1 : a.publisher > b.publisher ? 1 : 0)
}
