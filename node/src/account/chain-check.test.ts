import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { StoredEntry } from '@twiin/audit'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChainCheck } from './chain-check.ts'

let dir: string
let store: Store
let log: AuditLog
let check: ChainCheck

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-chain-'))
  store = new Store({ dir: join(dir, 'db') }, { sealer: await Sealer.open(join(dir, 'key')) })
  log = new AuditLog({}, { store, clock: new ManualClock() })
  await store.start()
  await log.start()
  check = new ChainCheck({ log })
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})
const organisation = { ura: '90000001', name: 'A' }
const append = () => log.append({ event: 'login', outcome: 'success', organisation, emergency: false })

describe('the check of the audit log', () => {
  it('is good from the first entry on, and reads no more than what is new', async () => {
    expect(await check.check()).toMatchObject({ ok: true })
    const known: (number | undefined)[] = []
    const verify = log.verify.bind(log)
    log.verify = (head) => {
      known.push(head?.seq)
      return verify(head)
    }
    for (let i = 1; i <= 3; i++) {
      await append()
      expect(await check.check()).toMatchObject({ ok: true, head: { seq: i } })
    }
    expect(known).toEqual([undefined, 1, 2])
  })

  it('finds an entry that was altered after the last good head, and does not forget it', async () => {
    await append()
    await check.check()
    await append()
    await append()
    const entries: StoredEntry[] = []
    for await (const entry of log.entries()) entries.push(entry)
    const altered = { ...entries[1], entry: { ...entries[1]?.entry, outcome: 'refused' } }
    const raw = new Store({ dir: join(dir, 'unused') }, { sealer: await Sealer.open(join(dir, 'key')) })
    const place = raw.repository<object>('audit', { keys: 'plain-opaque' })
    await store.batch([place.putOp('000000000002', altered)])
    expect(await check.check()).toMatchObject({ ok: false, firstBad: 2, why: 'ALTERED' })
    expect(await check.check()).toMatchObject({ ok: false, firstBad: 2 })
  })

  it('looks anew after it could not read', async () => {
    await append()
    const verify = log.verify.bind(log)
    log.verify = () => Promise.reject(new Error('disk'))
    await expect(check.check()).rejects.toThrow('disk')
    log.verify = verify
    expect(await check.check()).toMatchObject({ ok: true, head: { seq: 1 } })
  })
})
