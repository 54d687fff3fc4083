import { crc32 } from './crc32.ts'
import type { Gathered } from './gather-files.ts'

const fourGiB = 0xffffffff
const utf8Names = 0x0800

/** Told how many bytes were looked at. */
export type OnRead = (bytes: number) => void

/**
 * The files as one zip, stored and not compressed (PKWARE APPNOTE 4.3). Nothing is copied into memory: the blob points
 * to the files. Each is read once before, for its checksum. With zip64 where numbers need it.
 */
export async function zipOf(files: readonly Gathered[], onRead: OnRead, signal: AbortSignal): Promise<Blob> {
  const parts: BlobPart[] = []
  const central: Uint8Array<ArrayBuffer>[] = []
  let offset = 0
  for (const { path, file } of files) {
    const name = new TextEncoder().encode(path.replaceAll('\\', '/').replace(/^\/+/, ''))
    const crc = await crcOf(file, onRead, signal)
    const local = header(0x04034b50, { name, crc, size: file.size })
    parts.push(local, file)
    central.push(header(0x02014b50, { name, crc, size: file.size, offset }))
    offset += local.length + file.size
  }
  const centralSize = central.reduce((sum, { length }) => sum + length, 0)
  return new Blob([...parts, ...central, ...ending(files.length, centralSize, offset)], {
    type: 'application/zip',
  })
}

async function crcOf(file: File, onRead: OnRead, signal: AbortSignal): Promise<number> {
  let crc = 0
  const reader = file.stream().getReader()
  for (;;) {
    signal.throwIfAborted()
    const { done, value } = await reader.read()
    if (done) return crc
    crc = crc32(value, crc)
    onRead(value.length)
  }
}

interface Entry {
  name: Uint8Array
  crc: number
  size: number
  /** Of its local header; only in the central directory. */
  offset?: number
}

/** A local header, or one of the central directory: the same facts, a few more. */
function header(
  signature: 0x04034b50 | 0x02014b50,
  { name, crc, size, offset }: Entry,
): Uint8Array<ArrayBuffer> {
  const isCentral = offset !== undefined
  const isLarge = size >= fourGiB || (offset ?? 0) >= fourGiB
  // Zip64 extended information: both sizes, and in the central directory the offset.
  const extraSize = isLarge ? 4 + 16 + (isCentral ? 8 : 0) : 0
  const fixed = isCentral ? 46 : 30
  const bytes = new Uint8Array(fixed + name.length + extraSize)
  const view = new DataView(bytes.buffer)
  const shift = isCentral ? 2 : 0
  view.setUint32(0, signature, true)
  if (isCentral) view.setUint16(4, 45, true)
  view.setUint16(4 + shift, 45, true)
  view.setUint16(6 + shift, utf8Names, true)
  // 1 January 1980: when somebody touched the file is nobody's business.
  view.setUint16(12 + shift, 0x21, true)
  view.setUint32(14 + shift, crc, true)
  view.setUint32(18 + shift, isLarge ? fourGiB : size, true)
  view.setUint32(22 + shift, isLarge ? fourGiB : size, true)
  view.setUint16(26 + shift, name.length, true)
  view.setUint16(28 + shift, extraSize, true)
  if (isCentral) view.setUint32(42, isLarge ? fourGiB : offset, true)
  bytes.set(name, fixed)
  if (isLarge) {
    const at = fixed + name.length
    view.setUint16(at, 1, true)
    view.setUint16(at + 2, extraSize - 4, true)
    view.setBigUint64(at + 4, BigInt(size), true)
    view.setBigUint64(at + 12, BigInt(size), true)
    if (isCentral) view.setBigUint64(at + 20, BigInt(offset), true)
  }
  return bytes
}

function ending(count: number, size: number, offset: number): Uint8Array<ArrayBuffer>[] {
  const isLarge = count >= 0xffff || offset >= fourGiB || size >= fourGiB
  const end = new DataView(new ArrayBuffer(22))
  end.setUint32(0, 0x06054b50, true)
  end.setUint16(8, isLarge ? 0xffff : count, true)
  end.setUint16(10, isLarge ? 0xffff : count, true)
  end.setUint32(12, isLarge ? fourGiB : size, true)
  end.setUint32(16, isLarge ? fourGiB : offset, true)
  const plain = new Uint8Array(end.buffer)
  if (!isLarge) return [plain]
  const record = new DataView(new ArrayBuffer(56 + 20))
  record.setUint32(0, 0x06064b50, true)
  record.setBigUint64(4, 44n, true)
  record.setUint16(12, 45, true)
  record.setUint16(14, 45, true)
  record.setBigUint64(24, BigInt(count), true)
  record.setBigUint64(32, BigInt(count), true)
  record.setBigUint64(40, BigInt(size), true)
  record.setBigUint64(48, BigInt(offset), true)
  record.setUint32(56, 0x07064b50, true)
  record.setBigUint64(64, BigInt(offset + size), true)
  record.setUint32(72, 1, true)
  return [new Uint8Array(record.buffer), plain]
}
