import { describe, expect, it } from 'vitest'
import { Tally, defaultLimits } from '../limits.ts'
import type { MediaBytes } from '../media-source.ts'
import { readDirectory } from './directory.ts'
import type { DirectoryEntry } from './directory.ts'

const sectorBytes = 2048

function record(name: string, moreExtents: boolean): Buffer {
  const bytes = Buffer.alloc(34 + name.length + (name.length % 2))
  bytes[0] = bytes.length
  bytes.writeUInt32LE(1, 2)
  bytes.writeUInt32LE(10, 10)
  bytes[25] = moreExtents ? 0x80 : 0
  bytes[32] = name.length
  bytes.write(name, 33, 'latin1')
  return bytes
}

function sectors(records: readonly Buffer[]): Buffer {
  const all: Buffer[] = []
  const perSector = Math.floor(sectorBytes / 40)
  for (let at = 0; at < records.length; at += perSector)
    all.push(Buffer.concat([...records.slice(at, at + perSector), Buffer.alloc(sectorBytes)], sectorBytes))
  return Buffer.concat(all)
}

async function entries(sector: (at: number) => Buffer, length: number): Promise<DirectoryEntry[]> {
  const bytes: MediaBytes = {
    length,
    read: async (offset) => sector(offset),
    async *stream() {},
  }
  const volume = { blockBytes: sectorBytes, root: { block: 0, bytes: length }, joliet: false }
  const found: DirectoryEntry[] = []
  for await (const entry of readDirectory(bytes, volume, volume.root, new Tally(defaultLimits)))
    found.push(entry)
  return found
}

describe('a folder', () => {
  it('in which a file has parts without end is read, and the file is not; the next one is', async () => {
    const parts = [...Array.from({ length: 50_000 }, () => record('A', true)), record('A', false)]
    const image = sectors([...parts, record('B', true), record('B', false)])
    const found = await entries((at) => image.subarray(at, at + sectorBytes), image.length)
    expect(found.map(({ name, extents, unreadable }) => [name, extents.length, unreadable])).toEqual([
      ['A', 64, true],
      ['B', 2, false],
    ])
  })

  it('that is as large as the image, and names nothing, is not read to its end', async () => {
    const nothing = Buffer.alloc(sectorBytes)
    await expect(entries(() => nothing, 2 ** 32 - sectorBytes)).rejects.toMatchObject({
      code: 'DISC_TOO_LARGE',
      facts: { reason: 'directoryBytes' },
    })
  })
})
