import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestLog } from '../testing/test-log.ts'
import { LogView } from './log-view.ts'

const trustDomain = 'twiin.example'
let dir: string
let log: TestLog
let fork: TestLog
let view: LogView

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-log-view-'))
  log = new TestLog({ trustDomain })
  log.append({ act: 'founded' })
  fork = log.fork()
  log.append({ act: 'one thing' })
  fork.append({ act: 'another' })
  view = await opened()
  await view.pin(log.identity)
})
afterEach(async () => {
  await view.settled()
  await rm(dir, { recursive: true })
})

async function opened(): Promise<LogView> {
  const opening = new LogView({ dir }, { clock: new ManualClock(), log: silentLogger })
  await opening.load()
  return opening
}
const proofFile = () => join(dir, 'equivocation.json')
const proof = async () => {
  await view.settled()
  return JSON.parse(await readFile(proofFile(), 'utf8')) as { first: string; second: string }
}

describe('the view of the log', () => {
  it('keeps to the first key it saw, also after a restart', async () => {
    const other = new TestLog({ trustDomain })
    await expect(view.pin(other.identity)).rejects.toThrow('LOG_KEY_CHANGED')
    await expect((await opened()).pin(other.identity)).rejects.toThrow('LOG_KEY_CHANGED')
    await (await opened()).pin(log.identity)
  })

  it('takes the growth of one log for what it is, with whatever cosignatures', async () => {
    for (let i = 0; i < 20; i++) {
      expect(view.note(log.checkpoint(), 'a')).toBe('consistent')
      expect(view.note(log.checkpoint([NodeKey.generate()]), 'b')).toBe('consistent')
      log.append({ act: 'more' })
    }
    expect(view.distrust).toBeUndefined()
    expect(view.newest).toContain('\n21\n')
  })

  it('passes over what is no note of this log: nothing is remembered, nobody is accused', () => {
    view.note(log.checkpoint(), 'a')
    const other = new TestLog({ trustDomain })
    for (const line of ['x', 'y', 'z']) other.append({ act: line })
    const forged = fork.checkpoint().replace(/.(?=.{20}\n$)/, (letter) => (letter === 'A' ? 'B' : 'A'))
    for (const note of ['', 'nonsense', other.checkpoint(), forged, '\0'.repeat(9000)]) {
      expect(view.note(note, 'b')).toBe('worthless')
      expect(view.accuse(log.checkpoint(), note, 'b')).toBe(false)
    }
    expect([view.distrust, view.newest.includes('\n2\n')]).toEqual([undefined, true])
  })

  it('keeps the roots of the largest sizes, however many genuine old notes a member shows', async () => {
    const old: string[] = []
    for (let i = 0; i < 600; i++) {
      old.push(log.checkpoint())
      log.append({ act: `${i}` })
    }
    const lying = log.fork()
    log.append({ act: 'true' })
    lying.append({ act: 'false' })
    view.note(log.checkpoint(), 'registry')
    for (const note of old) view.note(note, 'member')
    expect(view.note(lying.checkpoint(), 'victim')).toBe('contradiction')
  })

  it('remembers the last 512 sizes over a restart, and no more', async () => {
    const first = fork.checkpoint()
    view.note(log.checkpoint(), 'a')
    for (let i = 0; i < 512; i++) {
      log.append({ act: `${i}` })
      fork.append({ act: `${i}` })
      view.note(log.checkpoint(), 'a')
    }
    await view.settled()
    view = await opened()
    view.note(first, 'late')
    expect(view.distrust).toBeUndefined()
    view.note(fork.checkpoint([], 4), 'late')
    expect(view.distrust).toMatchObject({ from: 'late' })
  })
})

describe('two lists of one log', () => {
  it('are proof: both notes are on disk, it is told once, and the log stays distrusted over a restart', async () => {
    const told: string[][] = []
    view.onContradiction((...notes) => told.push(notes))
    view.note(log.checkpoint([NodeKey.generate()]), 'registry')
    for (let i = 0; i < 2; i++) expect(view.note(fork.checkpoint(), 'peer')).toBe('contradiction')
    expect(view.distrust).toMatchObject({ from: 'peer' })
    const { first, second } = await proof()
    expect(told).toEqual([[first, second]])
    expect(view.accuse(first, second, 'again')).toBe(true)
    const elsewhere = new LogView(
      { dir: join(dir, 'elsewhere') },
      { clock: new ManualClock(), log: silentLogger },
    )
    await elsewhere.pin(log.identity)
    expect(elsewhere.accuse(first, second, 'told')).toBe(true)
    expect((await opened()).distrust).toMatchObject({ first, second })
  })

  it('are forgiven when an operator removes the file, while running or not; a third list is not', async () => {
    view.note(log.checkpoint(), 'registry')
    view.note(fork.checkpoint(), 'peer')
    await view.settled()
    await view.review()
    expect(view.distrust).toBeDefined()
    await rm(proofFile())
    await view.review()
    expect(view.distrust).toBeUndefined()
    const later = await opened()
    expect(later.distrust).toBeUndefined()
    for (const one of [view, later]) {
      expect(one.accuse(log.checkpoint(), fork.checkpoint(), 'peer')).toBe(false)
      one.note(fork.checkpoint(), 'peer')
      one.note(log.checkpoint(), 'peer')
      expect(one.distrust).toBeUndefined()
    }
    const third = fork.fork()
    third.append({ act: 'x' })
    const other = fork.fork()
    other.append({ act: 'y' })
    view.note(third.checkpoint(), 'peer')
    view.note(other.checkpoint(), 'peer')
    expect(view.distrust).toBeDefined()
  })

  it('are forgiven when the file was removed while the node was off', async () => {
    view.note(log.checkpoint(), 'registry')
    view.note(fork.checkpoint(), 'peer')
    await view.settled()
    await rm(proofFile())
    const later = await opened()
    expect(later.distrust).toBeUndefined()
    later.note(fork.checkpoint(), 'peer')
    expect([later.distrust, await stat(proofFile()).catch(() => undefined)]).toEqual([undefined, undefined])
  })
})
