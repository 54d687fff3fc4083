import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { emptyRoot } from '@twiin/transparency'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'
import { LogClient } from './log-client.ts'
import { mirrorLog } from './mirror-log.ts'
import { monitorLog } from './monitor-log.ts'
import { rechained } from './testing.ts'
import { verifyLedger } from './verify-ledger.ts'

const nothing = Buffer.from(emptyRoot()).toString('hex')

const run = promisify(execFile)
const program = resolve(import.meta.dirname, '../../bin/twiin-registry')

async function clientOf(registry: TestRegistry): Promise<LogClient> {
  return new LogClient({ url: registry.runtime.url, ca: await registry.read('web/ca.pem') })
}

const note = async (registry: TestRegistry) =>
  (
    await registry.call('GET', '/api/v1/log/checkpoint', { headers: { accept: 'text/plain' } })
  ).body.toString()

/** Output and exit code of the real program. */
async function command(...args: string[]): Promise<{ code: number; answer: Record<string, unknown> }> {
  const done = await run(program, [...args, '--json']).catch(
    (error: unknown) => error as { code: number; stdout: string },
  )
  return {
    code: 'code' in done ? done.code : 0,
    answer: JSON.parse(done.stdout) as Record<string, unknown>,
  }
}

test('a mirror is the ledger, byte for byte, and grows with it; what was cut off in the middle is fetched again', async () => {
  await using registry = await TestRegistry.create()
  const out = join(registry.dir, 'mirror.jsonl')
  const ledger = () => registry.read('data/ledger.jsonl')
  const client = await clientOf(registry)
  const first = await mirrorLog({ out }, { client })
  expect(first.added).toBe(first.size)
  expect(await readFile(out, 'utf8')).toBe(await ledger())
  await registry.member('10000001')
  const whole = await readFile(out, 'utf8')
  await writeFile(out, whole.slice(0, -25))
  const second = await mirrorLog({ out }, { client })
  expect(second.added).toBe(second.size - first.size + 1)
  expect(await readFile(out, 'utf8')).toBe(await ledger())
  expect(await mirrorLog({ out }, { client })).toMatchObject({ added: 0, size: second.size })
  expect(await verifyLedger({ ledger: out, checkpoint: `${out}.checkpoint` })).toMatchObject({
    ok: true,
    lines: second.size,
    certificates: 2,
    checkpoint: { size: second.size },
  })
})

test('a mirror takes nothing from a log that shrank or says something else, and keeps its note as evidence', async () => {
  await using registry = await TestRegistry.create()
  const out = join(registry.dir, 'mirror.jsonl')
  const older = await registry.read('data/ledger.jsonl')
  await registry.member('10000001')
  await mirrorLog({ out }, { client: await clientOf(registry) })
  const mirrored = await readFile(out, 'utf8')
  await registry.stop()
  // Whoever holds the machine and all keys begins again from an older ledger.
  await registry.write('data/ledger.jsonl', older)
  await registry.write('data/checkpoint-open.txt', '')
  await registry.write('data/signed.json', `{"size":0,"root":"${nothing}"}`)
  await registry.start()
  const shrunk = mirrorLog({ out }, { client: await clientOf(registry) })
  await expect(shrunk).rejects.toMatchObject({ code: 'LOG_SHRANK' })
  await registry.member('10000002')
  await registry.member('10000003')
  const diverged = mirrorLog({ out }, { client: await clientOf(registry) })
  await expect(diverged).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
  expect(await readFile(out, 'utf8')).toBe(mirrored)
  const evidence = await readFile(`${out}.contradiction`, 'utf8')
  expect(evidence).toContain(await note(registry))
  expect(evidence).toContain(await readFile(`${out}.checkpoint`, 'utf8'))
  const { code, answer } = await command(
    ...['log', 'mirror', '--url', registry.runtime.url, '--ca', join(registry.dir, 'web/ca.pem')],
    ...['--out', out],
  )
  expect([code, answer.problem]).toEqual([2, expect.objectContaining({ code: 'LOG_DIVERGED' })])
}, 120_000)

test('no line that does not lead to the checkpoint gets into a mirror', async () => {
  await using registry = await TestRegistry.create()
  await registry.member('10000001')
  const client = await clientOf(registry)
  const lines = (await registry.read('data/ledger.jsonl')).trimEnd().split('\n')
  const forged = rechained(lines, 4, (line) => line.replace('10000001', '10000009'))
  const lying = {
    checkpoint: () => client.checkpoint(),
    consistency: (first: number, second: number) => client.consistency(first, second),
    lines: async function* (start: number, end: number) {
      for (const line of forged.slice(start, end)) yield Buffer.from(line)
    },
  }
  const out = join(registry.dir, 'mirror.jsonl')
  await expect(mirrorLog({ out }, { client: lying })).rejects.toThrow('LOG_DIVERGED')
  expect(await readFile(out, 'utf8')).toBe('')
})

test('a monitor shows everything of its URA, of nobody else, and what is new since the last look', async () => {
  await using registry = await TestRegistry.create()
  const since = join(registry.dir, 'since.txt')
  const watch = (ura: string) =>
    command(
      ...['log', 'monitor', '--url', registry.runtime.url, '--ca', join(registry.dir, 'web/ca.pem')],
      ...['--ura', ura, '--since', since],
    )
  await registry.member('10000002')
  const { key } = await registry.member('10000001')
  const first = await watch('10000001')
  expect(first).toMatchObject({ code: 0, answer: { known: 0, phase: 'founding', isCosigned: true } })
  const acts = (answer: Record<string, unknown>) =>
    (answer.entries as { index: number; act: { act: string } }[]).map(({ act }) => act.act)
  expect(acts(first.answer)).toEqual(['approved', 'approved', 'issued'])
  const [{ serial } = { serial: '' }] = (await registry.certificates()).filter(
    ({ peerId }) => peerId === key.peerId,
  )
  for (const as of ['administrator', 'approver'] as const)
    await registry.call('POST', `/api/v1/certificates/${serial}/revocation`, {
      as,
      json: { reason: 'keyCompromise' },
    })
  const second = await watch('10000001')
  expect(acts(second.answer)).toEqual(['approved', 'approved', 'issued', 'revoked'])
  expect(second.answer.known).toBe(first.answer.size)

  // Cosignatures are asked for after the date: a list that nobody vouches for is no answer.
  const client = await clientOf(registry)
  const now = registry.clock.now() + 31 * 86_400_000
  expect(await monitorLog({ ura: '10000001' }, { client, now })).toMatchObject({
    phase: 'required',
    isCosigned: false,
  })
}, 120_000)

test('verify names the first bad line: altered, left out, a certificate of another key; and a tree that is another', async () => {
  await using registry = await TestRegistry.create()
  const early = await note(registry)
  await registry.member('10000001')
  await registry.member('10000002')
  const [ledger, file] = [await registry.read('data/ledger.jsonl'), join(registry.dir, 'copy.jsonl')]
  await registry.write('late.txt', await note(registry))
  await registry.write('early.txt', early)
  const at = (name: string) => join(registry.dir, name)
  const lines = ledger.trimEnd().split('\n')
  const judge = async (changed: readonly string[]) => {
    await writeFile(file, `${changed.join('\n')}\n`)
    return verifyLedger({ ledger: file, checkpoint: at('late.txt'), since: at('early.txt') })
  }
  expect(await judge(lines)).toMatchObject({ ok: true, lines: lines.length, since: { size: 4 } })
  const altered = lines.with(4, (lines[4] ?? '').replace('10000001', '10000009'))
  expect(await judge(altered)).toMatchObject({ ok: false, problem: { code: 'LEDGER_BROKEN', line: 6 } })
  expect(await judge(lines.toSpliced(2, 1))).toMatchObject({ problem: { code: 'LEDGER_BROKEN', line: 3 } })
  expect(await judge(lines.slice(0, -1))).toMatchObject({ problem: { code: 'CHECKPOINT_AHEAD' } })
  expect(await judge(rechained(lines, 4, (line) => line.replace('10000001', '10000009')))).toMatchObject({
    problem: { code: 'LOG_DIVERGED' },
  })
  const issued = lines.findIndex((line) => line.includes('"act":"issued"'))
  const other = rechained(lines, issued, (line) => line.replace(/"serial":"../, '"serial":"00'))
  expect(await judge(other)).toMatchObject({ problem: { code: 'CERTIFICATE_OTHER', line: issued + 1 } })
  await writeFile(at('late.txt'), early.replace(/\n\d+\n/, '\n2\n'))
  expect(await judge(lines)).toMatchObject({ problem: { code: 'CHECKPOINT_INVALID' } })

  await writeFile(file, `${altered.join('\n')}\n`)
  const bad = await command('log', 'verify', '--ledger', file)
  expect([bad.code, bad.answer.ok]).toEqual([2, false])
  const good = await command('log', 'verify', '--ledger', at('data/ledger.jsonl'), '--since', at('early.txt'))
  expect([good.code, good.answer.ok]).toEqual([0, true])
}, 120_000)
