/**
 * The process dies at a given system call while the store receives instances: at each in turn it starts again by itself,
 * has everything it acknowledged, and leaves nothing half done. A dozen points by default, some of
 * each call; TWIIN_CRASH_POINTS=2000 visits every one (some 300, a few seconds each).
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { bundleProgram } from '../../scripts/bundle-program.ts'

const wanted = Number(process.env['TWIIN_CRASH_POINTS'] ?? 8)
/** Bundled: it starts a hundred times at full length, and strace watches it load. */
const program = await bundleProgram(
  join(import.meta.dirname, 'store-few-instances.ts'),
  join(import.meta.dirname, '../../node_modules/.cache/programs'),
)
/** Where state on disk changes. strace counts each for itself, and for each thread. */
const calls = ['fsync', 'fdatasync', 'rename', 'pwrite64', 'write', 'unlink', 'mkdir'] as const

const straceMissing = canTrace() ? '' : ' (skipped: needs the Debian package strace, and leave to trace)'
function canTrace(): boolean {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

interface Run {
  acknowledged: Map<string, string>
  held: Map<string, string>
  refused: string[]
  lines: string[]
  done: boolean
}

/** Runs the program to its end, whichever that is; with strace when it gets arguments for it. */
async function run(dataDir: string, strace: readonly string[] = []): Promise<Run> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', program, dataDir]
  const [command = '', ...args] = strace.length === 0 ? node : ['strace', '-f', '-qq', ...strace, ...node]
  // With one thread for all file work the calls come in the same order every time.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  // A group of its own: whoever ends strace alone lets the program go on.
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  const hangs = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 50_000)
  const ended = once(child, 'close')
  const printed = await text(child.stdout)
  await ended
  clearTimeout(hangs)
  // A line that was cut off was not said.
  const lines = printed.split('\n').slice(0, -1)
  const told = (word: string) => lines.map((line) => line.split(' ')).filter(([first]) => first === word)
  const mapOf = (word: string) => new Map(told(word).map(([, uid = '', digest = '']) => [uid, digest]))
  return {
    acknowledged: mapOf('acknowledged'),
    held: mapOf('held'),
    refused: told('refused').map(([, , code = '']) => code),
    lines,
    done: lines.at(-1) === 'done',
  }
}

async function withFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-crash-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** How often each call is made by the thread that makes it most, in a run that nothing disturbs. */
async function countCalls(): Promise<Map<string, number>> {
  return withFolder(async (dir) => {
    const log = join(dir, 'calls')
    const { done } = await run(join(dir, 'data'), ['-o', log, '-e', `trace=${calls.join(',')}`])
    expect(done).toBe(true)
    const perThread = new Map<string, number>()
    for (const line of (await readFile(log, 'utf8')).split('\n')) {
      const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? []
      if (call !== undefined)
        perThread.set(`${call} ${thread}`, (perThread.get(`${call} ${thread}`) ?? 0) + 1)
    }
    const most = new Map<string, number>()
    for (const [key, count] of perThread) {
      const [call = ''] = key.split(' ')
      most.set(call, Math.max(most.get(call) ?? 0, count))
    }
    return most
  })
}

async function remnants(dataDir: string, instances: number): Promise<string[]> {
  const files = await readdir(dataDir, { recursive: true, withFileTypes: true })
  const at = (folder: string) =>
    files.filter((file) => file.isFile() && file.parentPath.startsWith(join(dataDir, 'blobs', folder)))
  const excess = at('blobs').length - instances
  return [
    ...[...at('incoming'), ...at('partial')].map(({ name }) => name),
    ...(excess === 0 ? [] : [`${excess} blobs more than instances`]),
  ]
}

describe.skipIf(straceMissing !== '')(`a store that receives${straceMissing}`, () => {
  test(
    'killed at any system call: acknowledged is there and identical, and it goes on by itself',
    { timeout: 60_000 + wanted * 10_000 },
    async () => {
      const counts = await countCalls()
      expect(counts.get('fsync')).toBeGreaterThan(6)
      // A fair share for each call: most writes only wake another thread.
      const share = Math.ceil(wanted / calls.length)
      const points = calls.flatMap((call) => {
        const times = counts.get(call) ?? 0
        const taken = Math.min(share, times)
        return Array.from({ length: taken }, (_, index) => ({
          call,
          nth: 1 + Math.floor((index * times) / taken),
        }))
      })
      let hit = 0
      for (const point of points) {
        await withFolder(async (dir) => {
          const at = `${point.call} ${point.nth}`
          const inject = ['-o', '/dev/null', '-e', `trace=${point.call}`]
          const kill = ['-e', `inject=${point.call}:signal=KILL:when=${point.nth}`]
          const killed = await run(dir, [...inject, ...kill])
          if (!killed.done) hit++

          const again = await run(dir)
          expect(again.refused, at).toEqual([])
          expect(again.done, at).toBe(true)
          for (const [uid, digest] of killed.acknowledged) expect(again.held.get(uid), at).toBe(digest)
          for (const [uid, digest] of again.held) expect(again.acknowledged.get(uid), at).toBe(digest)

          const after = await run(dir)
          expect(after.held, at).toEqual(again.acknowledged)
          expect(await remnants(dir, after.held.size), at).toEqual([])
        })
      }
      // The calls of the last instants may be fewer in another run.
      expect(hit).toBeGreaterThanOrEqual(Math.floor(points.length * 0.8))
    },
  )

  test('whose disk fails at fsync: nothing is acknowledged from then on, and all before it is there', async () => {
    await withFolder(async (dir) => {
      const failing = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO:when=16+']
      const broken = await run(dir, ['-o', '/dev/null', ...failing])
      expect(broken.acknowledged.size).toBeGreaterThan(0)
      expect(broken.refused.length).toBeGreaterThan(0)
      const firstRefusal = broken.lines.findIndex((line) => line.startsWith('refused'))
      expect(broken.lines.slice(firstRefusal).filter((line) => line.startsWith('acknowledged'))).toEqual([])

      const repaired = await run(dir)
      for (const [uid, digest] of broken.acknowledged) expect(repaired.held.get(uid)).toBe(digest)
      expect([repaired.acknowledged.size, repaired.refused]).toEqual([6, []])
    })
  })
})
