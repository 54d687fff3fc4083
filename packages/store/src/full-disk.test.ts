import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { appendFile, open, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, afterEach, describe, expect, it } from 'vitest'
import { silentLogger } from '@twiin/runtime'
import { SealedBlobWriter } from './blob-writer.ts'
import { DiskReserve } from './disk-reserve.ts'
import { Sealer } from './sealer.ts'
import { Store } from './store.ts'

const mebibyte = 1024 * 1024
const sealer = new Sealer(Buffer.alloc(32, 7))
const disk = mkdtempSync(join(tmpdir(), 'twiin-full-disk-'))
const canMount = mount()
if (canMount) execFileSync('/bin/umount', [disk])
const title = canMount ? 'on a full disk' : 'on a full disk (skipped: needs root, to mount a tmpfs)'

function mount(): boolean {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
afterAll(() => rmSync(disk, { recursive: true }))

describe.skipIf(!canMount)(title, () => {
  let reserve: DiskReserve
  let store: Store
  beforeEach(async () => {
    mount()
    await start()
  })
  afterEach(async () => {
    await store.stop()
    execFileSync('/bin/umount', [disk])
  })

  async function start() {
    const options = { dir: disk, ballastBytes: 20 * mebibyte, reserveBytes: 4 * mebibyte }
    reserve = new DiskReserve(options, { log: silentLogger })
    store = new Store({ dir: join(disk, 'db') }, { sealer, reserve })
    await reserve.start()
    await store.start()
  }
  /** Takes all the room there is, to the last byte. */
  async function fill() {
    const file = join(disk, 'filler')
    for (const size of [mebibyte, 4096, 1]) {
      for (;;) {
        try {
          await appendFile(file, Buffer.alloc(size, 1))
        } catch {
          break
        }
      }
    }
  }
  const big = { text: 'x'.repeat(200_000) }

  it('a write is refused with OUT_OF_RESOURCES, the ballast goes, and the store works again at once', async () => {
    const things = store.repository('thing', { keys: 'plain-opaque' })
    const acknowledged: string[] = []
    await fill()
    for (let i = 0; i < 100; i++) {
      try {
        await things.put(`${i}`, big)
        acknowledged.push(`${i}`)
      } catch (error) {
        expect(error).toMatchObject({ code: 'OUT_OF_RESOURCES' })
        break
      }
    }
    await things.put('after', big)
    acknowledged.push('after')
    expect(reserve.ballastIntact).toBe(false)
    for (const key of acknowledged) expect(await things.get(key)).toEqual(big)
    expect(await reserve.admits(1)).toBe(false)

    await unlink(join(disk, 'filler'))
    expect(await reserve.admits(1)).toBe(true)
    expect(statSync(join(disk, 'ballast')).size).toBe(20 * mebibyte)
  })

  it('the store starts, with everything acknowledged, and takes small writes', async () => {
    const before = store.repository('thing', { keys: 'plain-opaque' })
    for (let i = 0; i < 15; i++) await before.put(`${i}`, big)
    await store.stop()
    await fill()
    await start()
    const after = store.repository('thing', { keys: 'plain-opaque' })
    for (let i = 0; i < 15; i++) expect(await after.get(`${i}`)).toEqual(big)
    await after.put('more', { small: true })
    await expect(reserve.require(1)).rejects.toMatchObject({ code: 'OUT_OF_RESOURCES' })
  })

  it('keeps reading when nothing can be written any more, and writes again when there is room', async () => {
    const things = store.repository('thing', { keys: 'plain-opaque' })
    await things.put('early', big)
    await reserve.releaseBallast()
    await fill()
    let refused = 0
    for (let i = 0; i < 20; i++) await things.put(`${i}`, big).catch(() => refused++)
    expect(refused).toBeGreaterThan(0)
    expect(await things.get('early')).toEqual(big)
    await unlink(join(disk, 'filler'))
    await things.put('late', big)
    expect(await things.get('early')).toEqual(big)
    expect(await things.get('late')).toEqual(big)
  })

  it('half a ballast, left by an interrupted start, is removed when there is room for no other', async () => {
    await reserve.releaseBallast()
    await writeFile(join(disk, 'ballast.tmp'), Buffer.alloc(18 * mebibyte, 1))
    await store.stop()
    await start()
    expect(reserve.ballastIntact).toBe(true)
  })

  it('a blob is refused with OUT_OF_RESOURCES and leaves no file', async () => {
    await fill()
    const path = join(disk, 'blob')
    const receive = async () => {
      const writer = await SealedBlobWriter.create(path, Buffer.alloc(16), sealer)
      try {
        await writer.write(Buffer.alloc(mebibyte))
        await writer.finish()
      } finally {
        await writer.discard()
      }
    }
    await expect(receive()).rejects.toMatchObject({ code: 'OUT_OF_RESOURCES' })
    await expect(open(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
