import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Sealer } from './sealer.ts'

let dir: string
let keyFile: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-sealer-'))
  keyFile = join(dir, 'key')
})
afterEach(() => rm(dir, { recursive: true }))

describe('the key file', () => {
  it('is made once, for its owner only, and opens the same seals ever after', async () => {
    const sealed = (await Sealer.open(keyFile)).sealValue('a', Buffer.from('text'))
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
    const again = await Sealer.open(keyFile)
    expect(again.openValue('a', sealed).toString()).toBe('text')
  })

  it.each([0o644, 0o640, 0o660, 0o604])('is refused when others may touch it: %o', async (mode) => {
    await Sealer.open(keyFile)
    await chmod(keyFile, mode)
    await expect(Sealer.open(keyFile)).rejects.toMatchObject({ code: 'KEY_FILE_PERMISSIONS' })
  })

  it('is refused when it is cut short, and is not replaced', async () => {
    await Sealer.open(keyFile)
    const short = (await readFile(keyFile)).subarray(0, 40)
    await writeFile(keyFile, short)
    await expect(Sealer.open(keyFile)).rejects.toMatchObject({ code: 'KEY_FILE_BROKEN' })
    expect(await readFile(keyFile)).toEqual(short)
  })
})

describe('a sealed value', () => {
  const sealer = new Sealer(Buffer.alloc(32, 7))

  it('opens only unaltered, in its own context and place, under its own key', () => {
    const sealed = sealer.sealValue('bucket', Buffer.from('secret'), 'place')
    expect(sealer.openValue('bucket', sealed, 'place').toString()).toBe('secret')
    const broken = expect.objectContaining({ code: 'SEAL_BROKEN' }) as Error
    expect(() => sealer.openValue('other', sealed, 'place')).toThrow(broken)
    expect(() => sealer.openValue('bucket', sealed, 'elsewhere')).toThrow(broken)
    expect(() => new Sealer(Buffer.alloc(32, 8)).openValue('bucket', sealed, 'place')).toThrow(broken)
    for (let length = 0; length < sealed.length; length++) {
      expect(() => sealer.openValue('bucket', sealed.subarray(0, length), 'place')).toThrow(broken)
    }
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(sealed)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        expect(() => sealer.openValue('bucket', flipped, 'place')).toThrow(broken)
      }),
    )
  })

  it('never looks the same twice', () => {
    const seals = Array.from({ length: 100 }, () =>
      sealer.sealValue('a', Buffer.from('same')).toString('hex'),
    )
    expect(new Set(seals).size).toBe(100)
  })
})

it('an opaque name depends on context and key, and has 128 bits', () => {
  const sealer = new Sealer(Buffer.alloc(32, 7))
  const name = sealer.opaque('patient', '999990019')
  expect(name).toMatch(/^[0-9a-f]{32}$/)
  expect(sealer.opaque('patient', '999990019')).toBe(name)
  expect(sealer.opaque('citizen', '999990019')).not.toBe(name)
  expect(new Sealer(Buffer.alloc(32, 8)).opaque('patient', '999990019')).not.toBe(name)
})
