import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { appendFile, readdir, statfs, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { codeOf } from '@twiin/runtime'
import { Holdings, factsOf, headOf } from './testing.ts'

const disk = mkdtempSync(join(tmpdir(), 'twiin-full-studies-'))
const filler = join(disk, 'filler')
const canMount = mount()
const title = canMount
  ? 'when the disk fills up'
  : 'when the disk fills up (skipped: needs root, to mount a tmpfs)'

function mount(): boolean {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
/** Takes all the room but `left` bytes. */
async function fill(left: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  await appendFile(filler, Buffer.alloc(bavail * bsize - left, 1))
}
const holdings = new Holdings(disk, { reserveBytes: 0 })
afterAll(async () => {
  await holdings.stop()
  if (canMount) execFileSync('/bin/umount', [disk])
  rmSync(disk, { recursive: true })
})

describe.skipIf(!canMount)(title, () => {
  it('instances are refused, none that was acknowledged is lost, and intake resumes when there is room', async () => {
    await holdings.start()
    const acknowledged = new Map<string, Buffer>()
    const receive = async (uid: string, admitted: () => Promise<void>) => {
      const incoming = await holdings.studies.openIncoming(factsOf(headOf(uid)))
      const bytes = randomBytes(200_000)
      try {
        await admitted()
        await incoming.write(bytes)
        await incoming.commit(headOf(uid))
        acknowledged.set(uid, bytes)
      } finally {
        await incoming.discard()
      }
    }
    // Somebody else fills the disk when all have been admitted: that was no promise.
    let waiting = 8
    const full = Promise.withResolvers<void>()
    const lastOneFills = async () => {
      if (--waiting === 0) await fill(1 << 20).then(full.resolve, full.reject)
      await full.promise
    }
    await receive('1.2.3.1', async () => {})
    const lanes = Array.from({ length: 8 }, (_, lane) => receive(`1.2.3.2.${lane}`, lastOneFills))
    const refusals = (await Promise.allSettled(lanes)).flatMap((result) =>
      result.status === 'rejected' ? [codeOf(result.reason)] : [],
    )
    expect(acknowledged.size).toBeGreaterThan(0)
    expect(new Set(refusals)).toEqual(new Set(['OUT_OF_RESOURCES']))

    await holdings.restart()
    expect(await readdir(join(disk, 'studies', 'incoming'))).toEqual([])
    await unlink(filler)
    await receive('1.2.3.99', async () => {})
    for (const [uid, bytes] of acknowledged) {
      const instance = await holdings.studies.instanceByUid(uid)
      if (instance === undefined) throw new Error('an acknowledged instance is gone')
      expect((await holdings.bytesOf(instance)).equals(bytes)).toBe(true)
    }
  })
})
