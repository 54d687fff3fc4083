import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { LogKey, publicKeyOf } from '@twiin/identity'
import { judgeEvidence, signCheckpoint, verifyCheckpoint, addSignatures } from '@twiin/transparency'
import { expect, test } from 'vitest'
import { Books } from '../ledger/books.ts'
import { foundNetwork } from './found-network.ts'
import { OpenCheckpoint } from './open-checkpoint.ts'
import { TestLog, TestWitness, becomeMember, passSelfTest } from './testing.ts'
import type { TransparencyLog } from './transparency-log.ts'

/** As a node judges that knows these witnesses. */
const judge = async (log: TestLog, index: number, witnesses: readonly TestWitness[], quorum = 2) =>
  judgeEvidence(await log.transparency.evidenceOf(index), {
    log: log.identity,
    quorum,
    witnesses: witnesses.map(({ peerId }) => ({ name: peerId, publicKey: publicKeyOf(peerId) })),
  })

/** A network in which cosignatures are asked for. */
async function founded(log: TestLog, count = 3): Promise<TestWitness[]> {
  const witnesses = await log.witnesses(count)
  await log.cosign(...witnesses)
  await log.keeper.tend()
  await log.settle()
  expect(log.transparency.rules.phase).toBe('required')
  return witnesses
}

/** Signing an old tree and a new one under one size is what must never happen. */
function rootsBySize(notes: readonly string[], { identity }: TestLog): Map<number, Set<string>> {
  const roots = new Map<number, Set<string>>()
  for (const note of notes) {
    const { size, root } = verifyCheckpoint(note, identity)
    roots.set(size, (roots.get(size) ?? new Set()).add(Buffer.from(root).toString('hex')))
  }
  return roots
}

test('the first line names network and log key; with another key the registry does not start', async () => {
  await using log = await TestLog.create()
  const [first] = await log.books.lines(0, 1)
  expect(JSON.parse(Buffer.from(first ?? []).toString())).toMatchObject({
    act: 'founded',
    trustDomain: 'twiin.example',
    logKey: Buffer.from(log.key.publicKey).toString('hex'),
    foundingEndsAt: log.clock.now() + 30 * 86_400_000,
  })
  const founding = { trustDomain: 'twiin.example', foundingDays: 30, logKey: log.key.publicKey }
  await foundNetwork(founding, log)
  expect(log.books.tree.size).toBe(1)
  const other = foundNetwork({ ...founding, logKey: LogKey.generate().publicKey }, log)
  await expect(other).rejects.toThrow('LOG_KEY_CHANGED')
  const elsewhere = foundNetwork({ ...founding, trustDomain: 'other.example' }, log)
  await expect(elsewhere).rejects.toThrow('NETWORK_CHANGED')
})

test('in founding every line has evidence at once, without cosignatures', async () => {
  await using log = await TestLog.create()
  for (let i = 0; i < 20; i++) await log.grow()
  for (let index = 0; index < 21; index++)
    expect(await judge(log, index, [], 0)).toMatchObject({ size: 21, cosigners: [] })
  await expect(log.transparency.evidenceOf(21)).rejects.toThrow('LOG_RANGE_INVALID')
})

test('exchanging members become witnesses, at most seven, who is longest first; three that cosign end the founding', async () => {
  await using log = await TestLog.create({ graceMs: 600_000 })
  const two = await log.witnesses(2)
  await log.cosign(...two)
  await log.clock.advance(600_000)
  await log.keeper.tend()
  expect(log.books.register.foundingEnded).toBeUndefined()
  const six = await log.witnesses(6, 2)
  const all = [...two, ...six]
  expect(log.books.register.witnesses).toEqual(all.slice(0, 7).map(({ peerId }) => peerId))

  await log.cosign(...all.slice(0, 3))
  await log.keeper.tend()
  expect(log.books.register.foundingEnded).toBeUndefined()
  await log.clock.advance(600_000)
  await log.keeper.tend()
  expect(log.books.register.foundingEnded).toMatchObject({ quorum: 2 })
})

test('the date ends the founding too, with or without witnesses', async () => {
  await using log = await TestLog.create()
  const index = await log.grow()
  await log.clock.advance(30 * 86_400_000)
  expect(log.transparency.rules.phase).toBe('required')
  await expect(log.transparency.evidenceOf(index)).rejects.toThrow('LOG_NOT_COSIGNED')
  await log.keeper.tend()
  expect(log.books.register.foundingEnded).toMatchObject({ quorum: 2 })
})

test('a line is believed when two witnesses cosigned a tree that has it, not before; and right after a restart', async () => {
  await using log = await TestLog.create()
  const witnesses = await founded(log)
  const [a, b] = witnesses as [TestWitness, TestWitness]
  const index = await log.grow()
  await log.settle()
  await expect(judge(log, index, witnesses)).rejects.toThrow('LOG_NOT_COSIGNED')
  await log.cosign(a)
  await expect(judge(log, index, witnesses)).rejects.toThrow('LOG_NOT_COSIGNED')
  await log.cosign(b)
  const cosigners = [a.peerId, b.peerId]
  expect(await judge(log, index, witnesses)).toMatchObject({ cosigners })
  await log.restart()
  expect(await judge(log, index, witnesses)).toMatchObject({ cosigners })
})

test('one cosignature of two survives a restart: nobody is asked twice for one tree', async () => {
  await using log = await TestLog.create()
  const witnesses = await founded(log)
  const [a, b] = witnesses as [TestWitness, TestWitness]
  const index = await log.grow()
  await log.settle()
  await log.cosign(a)
  const { size } = log.transparency.open
  await log.restart()
  expect(log.transparency.open.size).toBe(size)
  await log.cosign(b)
  expect(await judge(log, index, witnesses)).toMatchObject({ size })
})

test('the next checkpoint waits until this one has its quorum, or has waited long enough', async () => {
  await using log = await TestLog.create()
  const [a, b] = (await founded(log)) as [TestWitness, TestWitness]
  // Opened just now.
  await log.grow()
  await log.settle()
  const { size } = log.transparency.open
  expect(size).toBe(log.books.tree.size)
  for (let i = 0; i < 5; i++) await log.grow()
  expect(log.transparency.open.size).toBe(size)
  await log.cosign(a, b)
  expect(log.transparency.open.size).toBe(size + 5)
  await log.grow()
  await log.clock.advance(1_499)
  expect(log.transparency.open.size).toBe(size + 5)
  const opened = new Promise<void>((resolve) => log.transparency.onChanged(resolve))
  await log.clock.advance(1)
  await opened
  expect(log.transparency.open.size).toBe(size + 6)
})

test('only a member may cosign, only what is open, and only with its own key', async () => {
  await using log = await TestLog.create()
  const [a, b] = (await founded(log)) as [TestWitness, TestWitness]
  await log.grow()
  await log.settle()
  const { size, note } = log.transparency.open
  const said = (by: TestWitness) => by.sign(note, [], log.clock.now()).line
  const take = (line: string, of = size) => log.transparency.takeCosignature(of, line)
  const stranger = new TestWitness()
  await expect(take(said(stranger))).rejects.toThrow('PEER_UNKNOWN')
  a.last = undefined
  await expect(take(said(a), 2)).rejects.toThrow('CHECKPOINT_OTHER')
  const forged = said(stranger).replace(stranger.peerId, b.peerId)
  await expect(take(forged)).rejects.toThrow('CHECKPOINT_INVALID')
  await expect(take('noise')).rejects.toThrow('PEER_UNKNOWN')
  expect(log.transparency.open.cosigners.size).toBe(0)

  const newcomer = new TestWitness()
  await becomeMember(log.books, newcomer.peerId, '10000099')
  await expect(take(said(newcomer))).rejects.toThrow('PEER_UNKNOWN')
  await passSelfTest(log.books, newcomer.peerId)
  await take(said(newcomer))
  expect([...log.transparency.open.cosigners.keys()]).toEqual([newcomer.peerId])
  // It is no witness: its word counts for nothing yet.
  expect(log.transparency.cosigned?.size).not.toBe(size)
})

test('a cosignature from another time than about now is none, and no time of one can break what everybody reads', async () => {
  await using log = await TestLog.create()
  const [a] = (await founded(log)) as [TestWitness]
  await log.grow()
  await log.settle()
  const { size, note, cosigners } = log.transparency.open
  const now = log.clock.now()
  a.last = undefined
  for (const at of [9e12 * 1000, now + 301_000, now - 301_000, 0])
    await expect(log.transparency.takeCosignature(size, a.sign(note, [], at).line)).rejects.toThrow(
      'CHECKPOINT_INVALID',
    )
  expect(cosigners.size).toBe(0)
  const { line } = a.sign(note, [], now + 299_000)
  await log.transparency.takeCosignature(size, line)
  // As it is read back after a restart: also of a note that was taken before times were looked at.
  const late = addSignatures(note, [a.sign(note, [], 9e12 * 1000).line])
  const { identity } = log.transparency
  const stored = new OpenCheckpoint({ note: late, identity, openedAt: now })
  expect([...stored.cosigners.values()]).toEqual([now])
})

test('a witness that is revoked leaves; its cosignatures count no more, and the set changes one step at a time', async () => {
  await using log = await TestLog.create()
  const [a, b, c, d] = (await founded(log, 4)) as [TestWitness, TestWitness, TestWitness, TestWitness]
  await log.grow()
  await log.settle()
  await log.cosign(a, b)
  const revoke = async ({ peerId }: TestWitness) => {
    const by = ['administrator', 'approver']
    await log.books.record(({ keys }) => {
      const serials = [...(keys.get(peerId)?.serials ?? [])]
      return { act: 'revoked', peerId, serials, reason: 'keyCompromise', by }
    })
    await log.keeper.tend()
  }
  await revoke(a)
  expect(log.books.register.witnesses).toEqual([b, c, d].map(({ peerId }) => peerId))
  expect(log.transparency.cosigned).toBeUndefined()
  // Nodes hold a bundle that names the old set: the one that names the new set has to convince them.
  await revoke(b)
  expect(log.books.register.witnesses).toContain(b.peerId)
  await log.grow()
  await log.settle()
  await log.cosign(c)
  expect(log.transparency.cosigned).toBeUndefined()
  await log.cosign(d)
  expect(log.transparency.cosigned?.size).toBe(log.transparency.open.size)
  await log.keeper.tend()
  expect(log.books.register.witnesses).toEqual([c, d].map(({ peerId }) => peerId))
  // What names c and d is cosigned by them and the old set, so the set may change: but one is no quorum.
  await log.grow()
  await log.settle()
  await log.cosign(c, d)
  await log.grow()
  await log.settle()
  await log.cosign(c, d)
  expect(log.transparency.isSettled).toBe(true)
  await revoke(c)
  await log.keeper.tend()
  // The old set stays, for nodes judge by it.
  expect(log.books.register.witnesses).toEqual([c, d].map(({ peerId }) => peerId))
})

test('the bundle that names a new set is proven to those who hold the old one: by a quorum of the old set too', async () => {
  await using log = await TestLog.create()
  const all = await founded(log, 8)
  const [a, b, c] = all as [TestWitness, TestWitness, TestWitness]
  const h = all.at(-1) as TestWitness
  expect(log.books.register.witnesses).not.toContain(h.peerId)
  const by = ['administrator', 'approver']
  const serials = [...(log.books.register.keys.get(a.peerId)?.serials ?? [])]
  const { peerId } = a
  await log.books.record(() => ({ act: 'revoked', peerId, serials, reason: 'keyCompromise', by }))
  await log.keeper.tend()
  expect(log.books.register.witnesses).toContain(h.peerId)
  const index = await log.grow()
  await log.settle()
  await log.cosign(b, h)
  expect(log.transparency.isSettled).toBe(false)
  await expect(log.transparency.evidenceOf(index)).rejects.toThrow('LOG_NOT_COSIGNED')
  await log.cosign(c)
  expect(log.transparency.isSettled).toBe(true)
  expect((await judge(log, index, all.slice(1, 7))).cosigners).toEqual([b.peerId, c.peerId])
  // From here on the new set is enough.
  const later = await log.grow()
  await log.settle()
  await log.cosign(b, h)
  expect((await judge(log, later, [b, h])).cosigners).toEqual([b.peerId, h.peerId])
})

test('parallel acts and proofs lead to one tree for each size', async () => {
  await using log = await TestLog.create()
  const witnesses = await founded(log)
  const notes: string[] = []
  const keep = async (transparency: TransparencyLog, index: number) =>
    void notes.push((await transparency.proofOf(index)).evidence.checkpoint)
  log.transparency.onChanged(() => notes.push(log.transparency.open.note))
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const index = await log.grow()
      await keep(log.transparency, index)
      if (i % 10 === 0) await log.cosign(...witnesses.slice(0, 2)).catch(() => {})
    }),
  )
  const roots = rootsBySize(notes, log)
  expect(roots.size).toBeGreaterThan(2)
  for (const [size, seen] of roots)
    expect([...seen]).toEqual([Buffer.from(log.books.tree.root(size)).toString('hex')])
})

test('a ledger that lost lines the log has signed is not written to, and never leads to another tree of one size', async () => {
  await using log = await TestLog.create()
  await founded(log)
  await copyFile(log.files.ledger, `${log.files.ledger}.old`)
  for (let i = 0; i < 3; i++) await log.grow()
  await log.settle()
  const notes = [log.transparency.open.note]
  await log.stop()
  await copyFile(log.files.ledger, `${log.files.ledger}.new`)
  await copyFile(`${log.files.ledger}.old`, log.files.ledger)
  await log.start()
  expect(log.guard.isBehind).toBe(true)
  await expect(log.grow()).rejects.toThrow('LEDGER_BEHIND')
  await expect(log.transparency.evidenceOf(log.books.tree.size - 1)).rejects.toThrow('LEDGER_BEHIND')
  // The missing lines, as a mirror has them.
  await log.stop()
  await copyFile(`${log.files.ledger}.new`, log.files.ledger)
  await log.start()
  expect(log.guard.isBehind).toBe(false)
  await log.grow()
  notes.push(log.transparency.open.note)
  for (const seen of rootsBySize(notes, log).values()) expect(seen.size).toBe(1)
})

test('without a memory of what it signed it reads only, until nobody objects; a word of a witness halts it for good', async () => {
  await using log = await TestLog.create()
  await founded(log)
  const older = await readFile(log.files.ledger)
  for (let i = 0; i < 3; i++) await log.grow()
  await log.settle()
  const word = log.transparency.open.note
  await log.stop()
  const newer = await readFile(log.files.ledger)
  await writeFile(log.files.ledger, older)
  for (const file of [log.files.signed, log.files.cosigned, log.files.open]) await rm(file, { force: true })
  await log.start()
  await expect(log.grow()).rejects.toThrow('LEDGER_UNCONFIRMED')
  // A restart does not shorten the wait.
  await log.clock.advance(299_000)
  await log.restart()
  await log.clock.advance(299_000)
  await expect(log.grow()).rejects.toThrow('LEDGER_UNCONFIRMED')

  await expect(log.guard.takeWord(word.replace('/log', '/lag'))).rejects.toThrow('CHECKPOINT_INVALID')
  const root = new Uint8Array(32)
  const other = LogKey.generate()
  const signer = { publicKey: other.publicKey, sign: (text: Uint8Array) => other.signNote(text) }
  const forged = signCheckpoint({ origin: log.identity.origin, size: 1_000, root }, signer)
  await expect(log.guard.takeWord(forged)).rejects.toThrow('CHECKPOINT_INVALID')
  expect(log.guard.isBehind).toBe(false)
  await log.guard.takeWord(word)
  await log.clock.advance(10_000)
  await expect(log.grow()).rejects.toThrow('LEDGER_BEHIND')
  await log.restart()
  await expect(log.grow()).rejects.toThrow('LEDGER_BEHIND')

  await log.stop()
  await writeFile(log.files.ledger, newer)
  await log.start()
  await log.clock.advance(300_000)
  await new Promise<void>((resolve) => {
    if (log.books.refusal === undefined) resolve()
    else log.guard.onWhole(resolve)
  })
  await log.grow()
})

test('a checkpoint on disk that contradicts the ledger halts it', async () => {
  await using log = await TestLog.create()
  await log.cosign(...(await founded(log)))
  await log.stop()
  const lines = (await readFile(log.files.ledger, 'utf8')).trimEnd().split('\n')
  await rm(log.files.signed)
  // The same size, another list: only whoever holds the ledger can write it.
  await writeFile(log.files.ledger, `${lines.slice(0, -3).join('\n')}\n`)
  const books = await Books.open({ file: log.files.ledger }, log)
  for (let i = 0; i < 3; i++)
    await books.record(() => ({ act: 'published', version: 100 + i, digest: 'b'.repeat(64) }))
  await books.close()
  await log.start()
  expect(log.guard.isBehind).toBe(true)
})
