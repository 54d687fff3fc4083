import { TwiinError } from '@twiin/runtime'
import type { PlannedFile } from './disc-plan.ts'

const blockBytes = 2048
/** ECMA-119 §6.2.1: the system's own. */
const systemBlocks = 16
const longestExtent = 0xffff_ffff

interface Folder {
  name: string
  parent: Folder
  folders: Map<string, Folder>
  files: { name: string; file: PlannedFile; block: number }[]
  number: number
  block: number
  bytes: number
}

/**
 * An ISO 9660 image of level 1, file by file, without ever holding more than its folders. All names must fit (8.3).
 * Throws `ISO_FILE_TOO_LARGE` before the first byte.
 */
export function isoImage(
  options: { volumeId: string; at: Date },
  files: readonly PlannedFile[],
): { bytes: number; read(): AsyncGenerator<Uint8Array> } {
  if (files.some(({ size }) => size > longestExtent)) throw new TwiinError('ISO_FILE_TOO_LARGE')
  const folders = foldersOf(files)
  const tableBytes = folders.reduce((sum, { name }) => sum + 8 + even(Math.max(1, name.length)), 0)
  const tableBlocks = blocksFor(tableBytes)
  let block = systemBlocks + 2
  const tables = { little: block, big: block + tableBlocks, bytes: tableBytes }
  block += 2 * tableBlocks
  for (const folder of folders) {
    folder.bytes = sectorsOf(folder, options.at).length
    folder.block = block
    block += folder.bytes / blockBytes
  }
  const inOrder = folders.flatMap((folder) => folder.files)
  for (const entry of inOrder) {
    entry.block = block
    block += blocksFor(entry.file.size)
  }
  const total = block
  return {
    bytes: total * blockBytes,
    async *read() {
      yield Buffer.alloc(systemBlocks * blockBytes)
      yield primaryVolume(options, folders[0] as Folder, tables, total)
      yield terminator()
      yield padded(pathTable(folders, false))
      yield padded(pathTable(folders, true))
      for (const folder of folders) yield sectorsOf(folder, options.at)
      for (const { file } of inOrder) yield* contentOf(file)
    },
  }
}

/** Breadth first, as the path table wants them (ECMA-119 §6.9.1). */
function foldersOf(files: readonly PlannedFile[]): Folder[] {
  const root = folder('', undefined)
  for (const file of files) {
    const [name = '', ...path] = [...file.place].reverse()
    let at = root
    for (const step of path.reverse()) {
      const next = at.folders.get(step) ?? folder(step, at)
      at.folders.set(step, next)
      at = next
    }
    at.files.push({ name: `${name.includes('.') ? name : `${name}.`};1`, file, block: 0 })
  }
  const all = [root]
  // It grows while it is walked.
  for (const [index, one] of all.entries()) {
    one.number = index + 1
    all.push(...[...one.folders.values()].sort(byName))
    one.files.sort(byName)
  }
  return all
}

function folder(name: string, parent: Folder | undefined): Folder {
  const made = { name, folders: new Map<string, Folder>(), files: [], number: 0, block: 0, bytes: 0 }
  const whole = made as unknown as Folder
  whole.parent = parent ?? whole
  return whole
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)

/** The records of a folder, none across the end of a block. */
function sectorsOf(folder: Folder, at: Date): Buffer {
  const entries = [
    ...[...folder.folders.values()].map((one) => ({
      name: one.name,
      block: one.block,
      bytes: one.bytes,
      flags: 2,
    })),
    ...folder.files.map(({ name, file, block }) => ({ name, block, bytes: file.size, flags: 0 })),
  ].sort(byName)
  const records = [
    record('\0', folder.block, folder.bytes, 2, at),
    record('\x01', folder.parent.block, folder.parent.bytes, 2, at),
    ...entries.map(({ name, block, bytes, flags }) => record(name, block, bytes, flags, at)),
  ]
  const sectors: Buffer[] = []
  let current: Buffer[] = []
  let size = 0
  for (const one of records) {
    if (size + one.length > blockBytes) {
      sectors.push(padded(Buffer.concat(current)))
      current = []
      size = 0
    }
    current.push(one)
    size += one.length
  }
  return Buffer.concat([...sectors, padded(Buffer.concat(current))])
}

/** ECMA-119 §9.1. */
function record(name: string, block: number, bytes: number, flags: number, at: Date): Buffer {
  const identifier = Buffer.from(name, 'latin1')
  const buffer = Buffer.alloc(even(33 + identifier.length))
  buffer[0] = buffer.length
  both32(buffer, 2, block)
  both32(buffer, 10, bytes)
  recordDate(at).copy(buffer, 18)
  buffer[25] = flags
  both16(buffer, 28, 1)
  buffer[32] = identifier.length
  identifier.copy(buffer, 33)
  return buffer
}

function pathTable(folders: readonly Folder[], bigEndian: boolean): Buffer {
  return Buffer.concat(
    folders.map(({ name, block, parent }) => {
      const identifier = Buffer.from(name === '' ? '\0' : name, 'latin1')
      const entry = Buffer.alloc(8 + even(identifier.length))
      entry[0] = identifier.length
      if (bigEndian) entry.writeUInt32BE(block, 2)
      else entry.writeUInt32LE(block, 2)
      if (bigEndian) entry.writeUInt16BE(parent.number, 6)
      else entry.writeUInt16LE(parent.number, 6)
      identifier.copy(entry, 8)
      return entry
    }),
  )
}

/** ECMA-119 §8.4. */
function primaryVolume(
  { volumeId, at }: { volumeId: string; at: Date },
  root: Folder,
  tables: { little: number; big: number; bytes: number },
  blocks: number,
): Buffer {
  const sector = Buffer.alloc(blockBytes)
  sector[0] = 1
  sector.write('CD001\x01', 1, 'latin1')
  sector.fill(' ', 8, 72)
  sector.write(volumeId, 40, 32, 'latin1')
  both32(sector, 80, blocks)
  both16(sector, 120, 1)
  both16(sector, 124, 1)
  both16(sector, 128, blockBytes)
  both32(sector, 132, tables.bytes)
  sector.writeUInt32LE(tables.little, 140)
  sector.writeUInt32BE(tables.big, 148)
  record('\0', root.block, root.bytes, 2, at).copy(sector, 156)
  sector.fill(' ', 190, 813)
  const day = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}00\0`
  for (const offset of [813, 830]) sector.write(day, offset, 'latin1')
  for (const offset of [847, 864]) sector.write(`${'0'.repeat(16)}\0`, offset, 'latin1')
  sector[881] = 1
  return sector
}

function terminator(): Buffer {
  const sector = Buffer.alloc(blockBytes)
  sector[0] = 255
  sector.write('CD001\x01', 1, 'latin1')
  return sector
}

async function* contentOf(file: PlannedFile): AsyncGenerator<Uint8Array> {
  yield* file.read()
  const rest = blocksFor(file.size) * blockBytes - file.size
  if (rest > 0) yield Buffer.alloc(rest)
}

function recordDate(at: Date): Buffer {
  return Buffer.from([
    at.getUTCFullYear() - 1900,
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    0,
  ])
}

function both16(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt16LE(value, at)
  buffer.writeUInt16BE(value, at + 2)
}
function both32(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value, at)
  buffer.writeUInt32BE(value, at + 4)
}
const even = (value: number) => value + (value % 2)
const blocksFor = (bytes: number) => Math.ceil(bytes / blockBytes)
const padded = (bytes: Buffer) =>
  Buffer.concat([bytes, Buffer.alloc(blocksFor(bytes.length) * blockBytes - bytes.length)])
