import { createHash, randomBytes } from 'node:crypto'
import { appendFile, copyFile, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chunkBytes, headerBytes, recordBytes } from './blob-format.ts'
import { SealedBlobReader } from './blob-reader.ts'
import { SealedBlobWriter } from './blob-writer.ts'
import { Sealer } from './sealer.ts'

const sealer = new Sealer(Buffer.alloc(32, 7))
const id = Buffer.alloc(16, 1)
const broken = { code: 'SEAL_BROKEN' }
let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-blob-'))
  path = join(dir, 'blob')
})
afterEach(() => rm(dir, { recursive: true }))

async function write(plain: Buffer, to = path, as: Uint8Array = id): Promise<void> {
  const writer = await SealedBlobWriter.create(to, as, sealer)
  await writer.write(plain)
  await writer.finish()
}
async function readAll(as: Uint8Array = id): Promise<Buffer> {
  const reader = await SealedBlobReader.open(path, as, sealer)
  try {
    return await reader.read(0, reader.length)
  } finally {
    await reader.close()
  }
}
const sizes = [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 4 * chunkBytes, 9 * chunkBytes + 5]

describe('a sealed blob', () => {
  it.each(sizes)('of %i bytes gives every range back as it was written', async (size) => {
    const plain = randomBytes(size)
    const writer = await SealedBlobWriter.create(join(dir, 'new'), id, sealer)
    for (let at = 0; at < size; at += 10_007) await writer.write(plain.subarray(at, at + 10_007))
    await writer.commit(path)
    expect(await readdir(dir)).toEqual(['blob'])
    const reader = await SealedBlobReader.open(path, id, sealer)
    expect(reader.length).toBe(size)
    await fc.assert(
      fc.asyncProperty(fc.nat(size), fc.nat(size), async (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a]
        expect((await reader.read(start, end - start)).equals(plain.subarray(start, end))).toBe(true)
      }),
      { numRuns: 30 },
    )
    await expect(reader.read(0, size + 1)).rejects.toMatchObject({ code: 'RANGE_INVALID' })
    await reader.close()
  })

  it('is refused when a bit is flipped anywhere', async () => {
    await write(randomBytes(chunkBytes + 100))
    const sealed = await readFile(path)
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(sealed)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        await writeFile(path, flipped)
        await expect(readAll()).rejects.toMatchObject(broken)
      }),
      { numRuns: 60 },
    )
  })

  it('is refused when chunks are exchanged or repeated, within it or with another', async () => {
    await write(randomBytes(3 * chunkBytes + 7))
    await write(randomBytes(3 * chunkBytes + 7), join(dir, 'other'), Buffer.alloc(16, 2))
    const [sealed, other] = [await readFile(path), await readFile(join(dir, 'other'))]
    const chunk = (of: Buffer, i: number) =>
      of.subarray(headerBytes + i * recordBytes, headerBytes + (i + 1) * recordBytes)
    for (const order of [
      [1, 0, 2, 3],
      [0, 0, 2, 3],
      [0, 2, 1, 3],
    ]) {
      await writeFile(
        path,
        Buffer.concat([sealed.subarray(0, headerBytes), ...order.map((i) => chunk(sealed, i))]),
      )
      await expect(readAll()).rejects.toMatchObject(broken)
    }
    const mixed = [chunk(sealed, 0), chunk(other, 1), chunk(sealed, 2), chunk(sealed, 3)]
    await writeFile(path, Buffer.concat([sealed.subarray(0, headerBytes), ...mixed]))
    await expect(readAll()).rejects.toMatchObject(broken)
    await copyFile(join(dir, 'other'), path)
    await expect(readAll()).rejects.toMatchObject(broken)
  })

  it('is refused on opening when it is cut off, also between chunks, or made longer', async () => {
    await write(randomBytes(3 * chunkBytes + 7))
    const sealed = await readFile(path)
    for (const length of [
      0,
      5,
      headerBytes,
      headerBytes + recordBytes,
      headerBytes + 3 * recordBytes,
      sealed.length - 1,
    ]) {
      await truncate(path, length)
      await expect(SealedBlobReader.open(path, id, sealer)).rejects.toMatchObject(broken)
      await writeFile(path, sealed)
    }
    await appendFile(path, sealed.subarray(-(7 + 28)))
    await expect(SealedBlobReader.open(path, id, sealer)).rejects.toMatchObject(broken)
  })

  it('cannot be read before it is finished', async () => {
    const writer = await SealedBlobWriter.create(path, id, sealer)
    await writer.write(randomBytes(3 * chunkBytes))
    await writer.suspend()
    await expect(SealedBlobReader.open(path, id, sealer)).rejects.toMatchObject(broken)
  })

  it('shows its beginning while it is being written', async () => {
    const plain = randomBytes(3 * chunkBytes + 9)
    const writer = await SealedBlobWriter.create(path, id, sealer)
    for (let at = 0; at < plain.length; at += 50_000) await writer.write(plain.subarray(at, at + 50_000))
    for (const length of [10, chunkBytes + 1, plain.length, plain.length + 1]) {
      expect((await writer.readBack(length)).equals(plain.subarray(0, length))).toBe(true)
    }
    await writer.finish()
    expect((await readAll()).equals(plain)).toBe(true)
  })
})

describe('an interrupted blob', () => {
  const tails: [string, (file: string) => Promise<void>][] = [
    ['as it was left', async () => {}],
    ['with half a chunk', (file) => appendFile(file, randomBytes(1000))],
    ['with zeros, as after a power cut', (file) => appendFile(file, Buffer.alloc(4 * recordBytes + 3))],
  ]
  it.each(tails)('is continued behind its last whole chunk: %s', async (_, damage) => {
    const plain = randomBytes(5 * chunkBytes + 77)
    const first = await SealedBlobWriter.create(path, id, sealer)
    await first.write(plain.subarray(0, 3 * chunkBytes + 500))
    expect(await first.checkpoint()).toBe(3 * chunkBytes)
    await first.suspend()
    await damage(path)

    const hash = createHash('sha256')
    const { writer, length } = await SealedBlobWriter.resume(path, sealer, (chunk) => hash.update(chunk))
    expect(length).toBe(3 * chunkBytes)
    await writer.write(plain.subarray(length))
    hash.update(plain.subarray(length))
    await writer.finish()
    expect((await readAll()).equals(plain)).toBe(true)
    expect(hash.digest()).toEqual(createHash('sha256').update(plain).digest())
  })

  it('that had already been sealed to its end loses only its last chunk', async () => {
    const plain = randomBytes(2 * chunkBytes + 5)
    await write(plain)
    const { writer, length } = await SealedBlobWriter.resume(path, sealer)
    expect(length).toBe(2 * chunkBytes)
    await writer.write(plain.subarray(length))
    await writer.finish()
    expect((await readAll()).equals(plain)).toBe(true)
  })

  it('never meets a nonce again, also when the same chunk is written anew', async () => {
    const nonces = new Set<string>()
    await write(Buffer.alloc(chunkBytes + 1))
    for (let round = 0; round < 50; round++) {
      const file = await readFile(path)
      nonces.add(file.subarray(headerBytes + recordBytes, headerBytes + recordBytes + 12).toString('hex'))
      const { writer } = await SealedBlobWriter.resume(path, sealer)
      await writer.write(Buffer.alloc(1))
      await writer.finish()
    }
    expect(nonces.size).toBe(50)
  })
})
