/**
 * The registry dies at a given system call while it certifies, suspends and revokes: at each in turn it starts again by
 * itself, its ledger is whole, and nothing a client was told is missing from it; no certificate exists outside the log.
 * Every write of the ledger and its fsync by default in four samples; TWIIN_CRASH_POINTS=2000 visits every one.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleProgram } from '../../scripts/bundle-program.ts'
import { TestRegistry } from '../../registry/src/testing.ts'

const wanted = Number(process.env['TWIIN_CRASH_POINTS'] ?? 3)
/** Bundled: it starts a hundred times at full length, and strace watches it load. */
const program = await bundleProgram(
  join(import.meta.dirname, 'certify-few-clinics.ts'),
  join(import.meta.dirname, '../../node_modules/.cache/programs'),
)
/** Where the ledger, the signed tree and the small files change. The thread pool does them, so each is counted there. */
const calls = ['write', 'fsync', 'rename'] as const

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
  issued: Map<string, string>
  known: Map<string, string>
  told: (word: string) => string[]
  done: boolean
}

let ceremony = ''
beforeAll(async () => {
  ceremony = await mkdtemp(join(tmpdir(), 'twiin-ceremony-'))
  await TestRegistry.holdCeremony(ceremony)
})
afterAll(() => rm(ceremony, { recursive: true, force: true }))

async function run(dir: string, mode: 'work' | 'look', strace: readonly string[] = []): Promise<Run> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', program, dir, mode]
  const [command = '', ...args] = strace.length === 0 ? node : ['strace', '-f', '-qq', ...strace, ...node]
  // With one thread for all file work the calls come in the same order every time.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  const hangs = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 90_000)
  const ended = once(child, 'close')
  const printed = await text(child.stdout)
  await ended
  clearTimeout(hangs)
  // A line that was cut off was not said.
  const lines = printed
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
  const of = (word: string) => lines.filter(([first]) => first === word)
  return {
    issued: new Map(of('issued').map(([, serial = '', peerId = '']) => [serial, peerId])),
    known: new Map(of('known').map(([, serial = '', , status = '']) => [serial, status])),
    told: (word) => of(word).map(([, what = '']) => what),
    done: lines.at(-1)?.[0] === 'done',
  }
}

async function withRegistry<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-registry-crash-'))
  try {
    await cp(ceremony, dir, { recursive: true })
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Calls of the thread that writes files, on files of the registry, in a run that nothing disturbs. */
async function countCalls(): Promise<Map<string, number>> {
  return withRegistry(async (dir) => {
    const log = join(dir, 'calls')
    const { done } = await run(dir, 'work', ['-y', '-o', log, '-e', `trace=${calls.join(',')}`])
    expect(done).toBe(true)
    const perThread = new Map<string, number>()
    for (const line of (await readFile(log, 'utf8')).split('\n')) {
      const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? []
      if (call !== undefined)
        perThread.set(`${call} ${thread}`, (perThread.get(`${call} ${thread}`) ?? 0) + 1)
    }
    // The thread pool's one thread is the one that syncs.
    const syncing = [...perThread]
      .filter(([key]) => key.startsWith('fsync '))
      .sort(([, a], [, b]) => b - a)[0]?.[0]
      .split(' ')[1]
    return new Map(calls.map((call) => [call, perThread.get(`${call} ${syncing ?? ''}`) ?? 0]))
  })
}

/** Hash chain, schema and tree of the ledger on disk, judged without the registry. */
function verifyLedger(dir: string): { ok: boolean } {
  const registry = join(import.meta.dirname, '../../registry/bin/twiin-registry')
  const args = ['log', 'verify', '--ledger', join(dir, 'data/ledger.jsonl'), '--json']
  return JSON.parse(execFileSync(registry, args, { encoding: 'utf8' })) as { ok: boolean }
}

describe.skipIf(straceMissing !== '')(`a registry that certifies${straceMissing}`, () => {
  test(
    'killed at any write of its ledger: it starts again, what was told is in the log, and nothing exists outside it',
    { timeout: 120_000 + wanted * 30_000 },
    async () => {
      const counts = await countCalls()
      // Founding, two clinics, four certificates with their intents, three acts by two people, bundles.
      expect(counts.get('fsync')).toBeGreaterThan(20)
      const share = Math.ceil(wanted / calls.length)
      const points = calls.flatMap((call) => {
        const times = counts.get(call) ?? 0
        const taken = Math.min(share, times)
        return Array.from({ length: taken }, (_, index) => ({
          call,
          nth: 1 + Math.floor(((index + 0.5) * times) / taken),
        }))
      })
      let hit = 0
      for (const { call, nth } of points) {
        await withRegistry(async (dir) => {
          const at = `${call} ${nth}`
          const inject = [
            '-o',
            '/dev/null',
            '-e',
            `trace=${call}`,
            '-e',
            `inject=${call}:signal=KILL:when=${nth}`,
          ]
          const killed = await run(dir, 'work', inject)
          if (!killed.done) hit++

          const again = await run(dir, 'look')
          expect(again.done, at).toBe(true)
          for (const serial of killed.issued.keys()) expect([...again.known.keys()], at).toContain(serial)
          const statusOf = (peerId: string) =>
            [...killed.issued]
              .filter(([, peer]) => peer === peerId)
              .map(([serial]) => again.known.get(serial))
          for (const peerId of killed.told('revoked'))
            expect(new Set(statusOf(peerId)), at).toEqual(new Set(['revoked']))
          if (killed.told('suspended').length > 0 && killed.told('resumed').length === 0)
            for (const peerId of killed.told('suspended'))
              expect(['suspended', 'valid'], at).toContain(statusOf(peerId)[0])
          for (const peerId of killed.told('resumed'))
            expect(new Set(statusOf(peerId)), at).toEqual(new Set(['valid']))
          expect(verifyLedger(dir), at).toMatchObject({ ok: true })
          // And a second start finds exactly the same.
          expect((await run(dir, 'look')).known, at).toEqual(again.known)
        })
      }
      const all = [...counts.values()].reduce((sum, times) => sum + times, 0)
      console.log(
        `killed at ${hit} of ${points.length} points tried, of ${all} calls that write, sync or rename`,
      )
      expect(hit).toBeGreaterThanOrEqual(Math.floor(points.length * 0.8))
    },
  )
})
