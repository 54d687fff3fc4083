import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { AuditHead } from '@twiin/audit'
import { NodeKey } from '@twiin/identity'
import { auditHead, seenHead } from '@twiin/protocol'
import { systemClock } from '@twiin/runtime'
import { Store } from '@twiin/store'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openMasterKey } from '../composition/master-key.ts'
import { openNodeKey } from '../enrolment/node-key-file.ts'
import { auditCommands } from './commands.ts'
import { onFile } from './kept-heads.ts'

let dir: string
let config: string
let head: AuditHead
let before: typeof process.exitCode
beforeEach(async () => {
  before = process.exitCode
  dir = await mkdtemp(join(tmpdir(), 'audit-verify-'))
  config = join(dir, 'node.yaml')
  await mkdir(join(dir, 'data', 'keys'), { recursive: true })
  await writeFile(
    config,
    `
hospital: { name: Ziekenhuis Voorbeeld (fictief), ura: "90000001", patientIdIssuer: VOORBEELD }
dataDir: data
trust: { domain: twiin.example, rootCertificateFile: root.pem }
registry: { url: "https://127.0.0.1:1", caFile: ca.pem }
peer: { listen: [/ip4/127.0.0.1/tcp/4001] }
dicom: { port: 104, aeTitle: TWIIN, callingAeTitles: [STORESCU] }
pacs: { port: 105, aeTitle: PACS, callingAeTitle: TWIIN }
web: { port: 8443 }
peopleFile: people.json
`,
  )
  const store = new Store(
    { dir: join(dir, 'data', 'catalogue') },
    { sealer: await openMasterKey(join(dir, 'data')) },
  )
  const log = new AuditLog({}, { store, clock: systemClock })
  await store.start()
  for (let i = 0; i < 3; i++)
    head = await log.append({
      ...{ event: 'login', outcome: 'success', emergency: false },
      organisation: { ura: '90000001', name: 'A' },
    })
  await store.stop()
})
afterEach(async () => {
  process.exitCode = before
  await rm(dir, { recursive: true })
})

/** What the command prints, and its exit code. */
async function run(...words: string[]) {
  const printed: object[] = []
  process.exitCode = undefined
  const program = new Command('twiin-node')
  auditCommands(program, (value) => void printed.push(value))
  await program.parseAsync(['node', 'twiin-node', ...words, '--config', config])
  const [said] = printed
  return { said, code: process.exitCode }
}

/** A file as a peer gives it, about a log that had one entry more, or that one. */
async function fileOf({ seq, hash }: AuditHead) {
  const sealer = await openMasterKey(join(dir, 'data'))
  const key = await openNodeKey(join(dir, 'data', 'keys', 'node.key'), sealer)
  const witness = NodeKey.generate()
  const place = { keeper: key.peerId, witness: witness.peerId, seq, hash: Buffer.from(hash, 'hex'), at: 1 }
  const kept = {
    head: auditHead.sign({ kind: 'head', ...place }, key).bytes,
    seen: seenHead.sign({ kind: 'seen', ...place }, witness).bytes,
  }
  const file = join(dir, 'heads.json')
  await writeFile(file, JSON.stringify({ held: [{ keeper: key.peerId, seq, ...onFile(kept) }] }))
  return file
}

it('audit-verify says that a log is in order, under either name, and how many heads it was held against', async () => {
  const good = { ok: true, head }
  expect(await run('audit-verify')).toEqual({ said: { ...good, cosigned: 0 }, code: undefined })
  const heads = await fileOf(head)
  expect(await run('audit', 'verify', '--heads', heads)).toEqual({
    said: { ...good, cosigned: 1 },
    code: undefined,
  })
})

it('audit-verify names the line from which a log lacks what others signed, and ends with status 2', async () => {
  const later = await fileOf({ seq: 4, hash: 'ab'.repeat(32) })
  expect(await run('audit-verify', '--heads', later)).toMatchObject({
    said: { ok: false, firstBad: 4, why: 'ROLLED_BACK' },
    code: 2,
  })
  const other = await fileOf({ seq: 2, hash: 'ab'.repeat(32) })
  expect(await run('audit-verify', '--heads', other)).toMatchObject({
    said: { ok: false, firstBad: 2, why: 'NOT_AS_COSIGNED' },
    code: 2,
  })
})
