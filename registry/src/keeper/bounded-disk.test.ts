import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EvaluationRecord } from '@twiin/patient-token'
import { tokenAnswer, tokenRequest } from '@twiin/protocol'
import { ManualClock, TwiinError, silentLogger } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { Counter, Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { Register } from '../ledger/register.ts'
import { DailyCounters } from './daily-counters.ts'
import { EvaluationRecords } from './evaluation-records.ts'
import { serveTokens } from './serve-tokens.ts'

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-keeper-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const record = (peerId: string, outcome: 'granted' | 'refused', at: number): EvaluationRecord => ({
  ...{ at, ura: '10000001', peerId, epoch: 1, purpose: 'lookup', count: 1, requestHash: '', outcome },
})

async function recordsIn(dir: string, clock: ManualClock) {
  const records = new EvaluationRecords({ folder: dir }, { clock })
  onTestFinished(() => records.close())
  const month = new Date(clock.now()).toISOString().slice(0, 7)
  const lines = async () =>
    (await readFile(join(dir, `evaluations-${month}.jsonl`), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as EvaluationRecord & { unrecorded?: number })
  return { records, lines }
}

test('a thousand refusals of one peer are sixty lines and one number, and cost nobody else a line', async () => {
  const clock = new ManualClock()
  const { records, lines } = await recordsIn(await folder(), clock)
  for (let n = 0; n < 1000; n++) await records.write(record('a', 'refused', clock.now()))
  expect(await lines()).toHaveLength(60)
  await records.write(record('b', 'refused', clock.now()))
  await clock.advance(60_000)
  await records.write(record('a', 'granted', clock.now()))
  await records.write(record('a', 'refused', clock.now()))
  const last = (await lines()).slice(60)
  expect(last.map(({ peerId, outcome, unrecorded }) => [peerId, outcome, unrecorded])).toEqual([
    ['b', 'refused', undefined],
    ['a', 'granted', 940],
    ['a', 'refused', undefined],
  ])
})

test('counters of users who never came back are gone after a week; those of the week still count', async () => {
  const store = new Store(
    { dir: join(await folder(), 'counters') },
    { sealer: new Sealer(Buffer.alloc(32, 1)) },
  )
  await store.start()
  onTestFinished(() => store.stop())
  const counters = new DailyCounters({}, { store })
  const add = (key: string, day: string) => counters.add([{ key, limit: 1 }], day, 1)
  const kept = async () => {
    await counters.forgotten
    let n = 0
    for await (const _ of store.sealedEntries()) n++
    return n
  }
  const none = await kept()
  for (let user = 0; user < 20; user++) await add(`user:${user}`, '2026-03-01')
  await add('user:recent', '2026-03-05')
  expect((await kept()) - none).toBe(21)
  await add('user:0', '2026-03-09')
  expect((await kept()) - none).toBe(2)
  expect(await add('user:recent', '2026-03-05')).toBe('user:recent')
})

async function answering(options: { room?: boolean } = {}) {
  const clock = new ManualClock()
  const register = new Register()
  register.keys.set('a', { ura: '10000001' } as never)
  const counted: string[] = []
  let asked = 0
  let answer: ((bytes: Uint8Array, peerId: string) => Promise<Uint8Array>) | undefined
  const keeper = {
    evaluate: () => {
      asked++
      return Promise.reject(new TwiinError('TOKEN_QUOTA_EXCEEDED'))
    },
  }
  const evaluations = new Counter({
    ...{ name: 'n', help: 'n', labelNames: ['purpose', 'outcome'], registers: [new Registry()] },
  })
  serveTokens(
    {
      answer: (_id: string, _limits: object, handler: typeof answer) => (answer = handler),
    } as never,
    {
      ...{ keeper: keeper as never, register, clock, log: silentLogger },
      evaluations: evaluations,
      records: { countRefusal: (peerId) => void counted.push(peerId) },
      reserve: { admits: async () => options.room ?? true },
    },
  )
  const ask = async (bytes: Uint8Array) => {
    const told = tokenAnswer.decode((await answer?.(bytes, 'a')) ?? new Uint8Array())
    return told.kind === 'refused' ? told.reason : told.kind
  }
  const request = tokenRequest.encode({
    ...{ kind: 'evaluate', epoch: 1, purpose: 'lookup', blinded: [new Uint8Array(32)] },
  })
  return { clock, ask, request, counted, asked: () => asked }
}

test('a peer that asks without end is refused before its request is even decoded', async () => {
  const { clock, ask, request, counted, asked } = await answering()
  for (let n = 0; n < 600; n++) expect(await ask(request)).toBe('TOKEN_QUOTA_EXCEEDED')
  expect(await ask(Uint8Array.of(0xff))).toBe('TOO_MANY_REQUESTS')
  expect([asked(), counted]).toEqual([600, ['a']])
  await clock.advance(1000)
  expect(await ask(request)).toBe('TOKEN_QUOTA_EXCEEDED')
})

test('when the disk is down to what the ledger needs, no token request writes, and the peer is told why', async () => {
  const { ask, request, asked } = await answering({ room: false })
  expect(await ask(request)).toBe('OUT_OF_RESOURCES')
  expect(asked()).toBe(0)
})
