import { crc32, deflateRawSync } from 'node:zlib'

export interface RawEntry {
  name: string
  data: Buffer
  deflate?: boolean
  /** What the zip claims, when that is a lie. */
  claims?: { crc?: number; size?: number; packed?: number; offset?: number; flags?: number }
  /** Mode of a Unix file. */
  mode?: number
}

/** A zip byte by byte (APPNOTE 4.3), so that tests can make ones no writer makes. */
export function rawZip(entries: readonly RawEntry[]): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const { name, data, claims = {} } = entry
    const packed = entry.deflate === true ? deflateRawSync(data) : data
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(claims.flags ?? 0x0800, 2)
    fields.writeUInt16LE(entry.deflate === true ? 8 : 0, 4)
    fields.writeUInt32LE(claims.crc ?? crc32(data), 10)
    fields.writeUInt32LE(claims.packed ?? packed.length, 14)
    fields.writeUInt32LE(claims.size ?? data.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6)
    tail.writeUInt32LE(claims.offset ?? offset, 10)
    const version = Buffer.from([20, 3])
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), version, fields, tail, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, directory, Buffer.from('PK\x05\x06'), end])
}
