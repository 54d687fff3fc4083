import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Sealer } from '@twiin/store'
import { expect, onTestFinished, test } from 'vitest'
import { LogClient } from '../log/log-client.ts'
import { mirrorLog } from '../log/mirror-log.ts'
import { rechained } from '../log/testing.ts'
import { TestRegistry, applicationOf } from '../testing.ts'
import type { Manifest } from './manifest.ts'
import { makeBackup } from './make-backup.ts'
import { macOf } from './manifest.ts'
import { holdAgainstBundle, readBackup } from './read-backup.ts'
import { restoreBackup } from './restore-backup.ts'

const run = promisify(execFile)
const program = resolve(import.meta.dirname, '../../bin/twiin-registry')
const settings = {
  bundle: { gatherMs: 0 },
  log: { gatherMs: 0, restoredWaitSeconds: 60 },
  peer: { listen: ['/ip4/127.0.0.1/tcp/0'], announce: ['/ip4/192.0.2.9/tcp/4001'] },
}

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-backup-test-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const backUp = (registry: TestRegistry, out: string, more: { withMasterKey?: boolean } = {}) =>
  makeBackup({
    config: join(registry.dir, 'registry.yaml'),
    out,
    at: new Date(registry.clock.now()),
    ...more,
  })

/** The master key stands on another medium. */
async function keepMasterKey(registry: TestRegistry, dir: string): Promise<string> {
  const key = join(dir, 'master.key')
  await cp(join(registry.dir, 'keys/master.key'), key)
  return key
}

/** The machine burns down; this is what comes out of the backup, in its place. */
async function burnAndRestore(
  registry: TestRegistry,
  options: { from: string; mirror?: string; masterKey?: string; trustsIncludedKey?: boolean },
): Promise<void> {
  await registry.stop()
  for (const name of await readdir(registry.dir)) await rm(join(registry.dir, name), { recursive: true })
  await using backup = await readBackup(options)
  await restoreBackup(backup, { to: registry.dir, at: new Date(registry.clock.now()) })
}

const bundleOf = (registry: TestRegistry) =>
  registry.call('GET', '/api/v1/bundle', { headers: { accept: 'application/cbor' } })

async function revoke(registry: TestRegistry, serial: string): Promise<void> {
  for (const as of ['administrator', 'approver'] as const)
    await registry.call('POST', `/api/v1/certificates/${serial}/revocation`, {
      as,
      json: { reason: 'keyCompromise' },
    })
}

test('backed up while it runs, wiped, restored: the same registry, which writes when nobody objected', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  const { key } = await registry.member('10000001')
  const { token, key: admitted } = await registry.addClinic('10000002')
  const json = { ...applicationOf('10000003'), remarks: 'Kamer 12, achter de balie' }
  const { id } = (await registry.call('POST', '/api/v1/applications', { as: 'administrator', json })).json()
  const seen = async () => ({
    certificates: await registry.certificates(),
    bundle: (await registry.call('GET', '/api/v1/bundle')).json(),
    application: (
      await registry.call('GET', `/api/v1/applications/${String(id)}`, { as: 'approver' })
    ).json(),
    ledger: await registry.read('data/ledger.jsonl'),
  })
  const before = await seen()
  const from = join(dir, 'backup')
  const { ledger, left } = await backUp(registry, from)
  expect(ledger.lines).toBe(before.ledger.trimEnd().split('\n').length)
  expect(left).toEqual(['keys.masterKey'])
  const masterKey = await keepMasterKey(registry, dir)
  await burnAndRestore(registry, { from, masterKey })

  await registry.start()
  expect(await seen()).toEqual(before)
  const early = await registry.enrol(admitted, '10000002', token)
  expect([early.status, early.json().code]).toEqual([503, 'LEDGER_UNCONFIRMED'])
  expect((await registry.call('GET', '/healthz')).json().code).toBe('LEDGER_UNCONFIRMED')
  await registry.clock.advance(60_000)
  while ((await registry.call('GET', '/healthz')).status !== 200);
  expect((await registry.renew(key, '10000001')).status).toBe(200)
  expect((await registry.enrol(admitted, '10000002', token)).status).toBe(200)
  expect((await registry.enrol(admitted, '10000002', token)).status).toBe(401)
}, 60_000)

test('a backup tells nothing to who finds it, and opens with its own master key only', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  const remarks = 'Kamer 12, achter de balie'
  const json = { ...applicationOf('10000003'), remarks }
  await registry.call('POST', '/api/v1/applications', { as: 'administrator', json })
  const from = join(dir, 'backup')
  await backUp(registry, from)
  const secrets = await Promise.all(
    ['keys/master.key', 'tokens/administrator', 'tokens/approver', 'web/key.pem'].map((file) =>
      registry.read(file),
    ),
  )
  for (const name of await readdir(from)) {
    const text = await readFile(join(from, name), 'latin1')
    for (const secret of [...secrets, remarks])
      expect([name, text.includes(secret.trim())]).toEqual([name, false])
  }
  await using backup = await readBackup({ from })
  const at = new Date()
  const to = join(dir, 'to')
  await expect(restoreBackup(backup, { to, at })).rejects.toThrow('MASTER_KEY_MISSING')
  const masterKey = join(dir, 'other.key')
  await writeFile(masterKey, `twiin-key-1 ${'ab'.repeat(32)}\n`, { mode: 0o600 })
  await expect(readBackup({ from, masterKey })).rejects.toThrow('BACKUP_FORGED')

  await backUp(registry, join(dir, 'whole.tar'), { withMasterKey: true })
  // Whoever replaces all of a backup brings a key of their own: one that lies in it opens nothing by itself.
  await using unproven = await readBackup({ from: join(dir, 'whole.tar') })
  await expect(restoreBackup(unproven, { to, at })).rejects.toThrow('MASTER_KEY_MISSING')
  await using whole = await readBackup({ from: join(dir, 'whole.tar'), trustsIncludedKey: true })
  expect(whole.master?.isFromBackup).toBe(true)
  await restoreBackup(whole, { to, at })
  expect(await readFile(join(to, 'keys/master.key'), 'utf8')).toBe(secrets[0])
  await expect(restoreBackup(whole, { to, at })).rejects.toThrow('RESTORE_NOT_EMPTY')
  await expect(backUp(registry, from)).rejects.toThrow('BACKUP_EXISTS')
}, 60_000)

test('whatever was changed in a backup is found: a byte, a line, a line with everything made to fit', async () => {
  await using registry = await TestRegistry.create({ settings })
  await registry.member('10000001')
  const dir = await folder()
  const from = join(dir, 'backup')
  await backUp(registry, from)
  const text = (name: string) => readFile(join(from, name), 'utf8')
  const [manifest, ledger] = [await text('manifest.json'), await text('ledger.jsonl')]
  const refused = async (name: string, content: string) => {
    await writeFile(join(from, name), content)
    const error: unknown = await readBackup({ from }).catch((refusal: unknown) => refusal)
    await writeFile(join(from, 'ledger.jsonl'), ledger)
    await writeFile(join(from, 'manifest.json'), manifest)
    return error
  }
  const broken = (file: string) =>
    expect.objectContaining({
      code: 'BACKUP_BROKEN',
      facts: expect.objectContaining({ file }) as object,
    }) as object
  expect(await refused('ledger.jsonl', ledger.replace('radiology', 'radiolegy'))).toEqual(
    broken('ledger.jsonl'),
  )
  expect(await refused('manifest.json', '{}')).toEqual(broken('manifest.json'))
  const escaping = manifest.replace('"name": "store.jsonl"', '"name": "../store.jsonl"')
  expect(await refused('manifest.json', escaping)).toEqual(broken('manifest.json'))
  // Somebody takes out what a clinic declared, and mends chain and digests.
  const forged = `${rechained(ledger.trimEnd().split('\n'), 5, (line) => line.replace('radiology', 'radiolegy')).join('\n')}\n`
  expect(forged).toContain('radiolegy')
  const { files, ...rest } = JSON.parse(manifest) as Manifest
  await writeFile(join(from, 'ledger.jsonl'), forged)
  const sha256 = createHash('sha256').update(forged).digest('hex')
  const mended = files.map((file) =>
    file.name === 'ledger.jsonl' ? { ...file, sha256, bytes: Buffer.byteLength(forged) } : file,
  )
  expect(await refused('manifest.json', JSON.stringify({ ...rest, files: mended }))).toEqual(
    broken('ledger.jsonl'),
  )
  await using _whole = await readBackup({ from })
}, 60_000)

test('who can write where backups lie, but has no master key, puts no token and no settings into a registry', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  const from = join(dir, 'backup')
  await backUp(registry, from)
  const masterKey = await keepMasterKey(registry, dir)
  const manifestFile = join(from, 'manifest.json')
  const before = JSON.parse(await readFile(manifestFile, 'utf8')) as Manifest
  /** Everything made to fit but what takes the key. */
  const replace = async (name: string, content: string, made: Manifest = before) => {
    await writeFile(join(from, name), content)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const files = made.files.map((file) =>
      file.name === name ? { name, sha256, bytes: Buffer.byteLength(content) } : file,
    )
    await writeFile(manifestFile, JSON.stringify({ ...made, files }))
    return { ...made, files }
  }
  const yaml = await readFile(join(from, 'registry.yaml'), 'utf8')
  await replace('registry.yaml', `${yaml}\n# authority.signerModule\n`)
  await expect(readBackup({ from, masterKey })).rejects.toThrow('BACKUP_FORGED')
  await replace('registry.yaml', yaml, { ...before, left: [] })
  await expect(readBackup({ from, masterKey })).rejects.toThrow('BACKUP_FORGED')
  const forged = await replace('tokens.administrator', 'a token of somebody else')
  await expect(readBackup({ from, masterKey })).rejects.toThrow('BACKUP_FORGED')
  const check = ['restore', '--from', from, '--check', '--json']
  await expect(run(program, [...check, '--master-key', masterKey])).rejects.toThrow('BACKUP_FORGED')
  const unknown = await run(program, check)
  expect(JSON.parse(unknown.stdout)).toMatchObject({ authentic: 'unknown' })

  // Also one that was made so by whoever has the key: a secret that lay readable on that medium is none.
  const { mac: _, ...contents } = forged
  const mac = macOf(contents, await Sealer.open(masterKey))
  await writeFile(manifestFile, JSON.stringify({ ...contents, mac }))
  await using backup = await readBackup({ from, masterKey })
  const to = join(dir, 'to')
  await expect(restoreBackup(backup, { to, at: new Date() })).rejects.toMatchObject({
    ...{ code: 'BACKUP_BROKEN', facts: { file: 'tokens.administrator' } },
  })
  await writeFile(manifestFile, JSON.stringify({ ...contents, mac: undefined }))
  await expect(readBackup({ from, masterKey })).rejects.toThrow('BACKUP_BROKEN')
}, 60_000)

test('a backup of a version whose register was another one is taken: lines, head and root agree', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  const from = join(dir, 'backup')
  await backUp(registry, from)
  const masterKey = await keepMasterKey(registry, dir)
  const { mac: _, ...made } = JSON.parse(await readFile(join(from, 'manifest.json'), 'utf8')) as Manifest
  const write = async (ledger: object) => {
    const contents = { ...made, ledger: { ...made.ledger, ...ledger } }
    const mac = macOf(contents, await Sealer.open(masterKey))
    await writeFile(join(from, 'manifest.json'), JSON.stringify({ ...contents, mac }))
  }
  const other = 'ab'.repeat(32)
  await write({ state: other })
  await expect(readBackup({ from, masterKey })).rejects.toThrow('BACKUP_BROKEN')
  await write({ state: other, stateVersion: 9 })
  await using _backup = await readBackup({ from, masterKey })
  await write({ state: other, stateVersion: 9, root: other })
  await expect(readBackup({ from, masterKey })).rejects.toThrow('BACKUP_BROKEN')
}, 60_000)

test('an old backup never takes a revocation back: a newer bundle refuses it, a mirror completes it', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  const { key } = await registry.member('10000001')
  const from = join(dir, 'old')
  await backUp(registry, from)
  const masterKey = await keepMasterKey(registry, dir)
  const [{ serial } = { serial: '' }] = await registry.certificates()
  const bundleFile = join(dir, 'bundle.cbor')
  await writeFile(bundleFile, (await bundleOf(registry)).body)
  const { clock } = registry
  {
    await using backup = await readBackup({ from })
    expect(await holdAgainstBundle(backup, { bundleFile }, { clock })).toEqual({ version: 2 })
  }
  await revoke(registry, serial)
  await writeFile(bundleFile, (await bundleOf(registry)).body)
  const mirror = join(dir, 'mirror.jsonl')
  const client = new LogClient({ url: registry.runtime.url, ca: await registry.read('web/ca.pem') })
  await mirrorLog({ out: mirror }, { client })

  {
    await using backup = await readBackup({ from })
    const refused = holdAgainstBundle(backup, { bundleFile }, { clock })
    await expect(refused).rejects.toMatchObject({ code: 'BACKUP_BEHIND', facts: { backup: 2, bundle: 3 } })
  }
  const check = run(program, ['restore', '--from', from, '--check', '--bundle', bundleFile, '--json'])
  await expect(check).rejects.toThrow('BACKUP_BEHIND')
  const completed = await run(program, [
    ...['restore', '--from', from, '--check', '--bundle', bundleFile, '--mirror', mirror, '--json'],
  ])
  expect(JSON.parse(completed.stdout)).toMatchObject({ bundleVersion: 3, bundleOfNode: 3, restored: false })

  await burnAndRestore(registry, { from, mirror, masterKey })
  await registry.start()
  expect((await registry.certificates()).map(({ status }) => status)).toEqual(['revoked'])
  expect((await registry.renew(key, '10000001')).json().code).toBe('KEY_REVOKED')
  expect(await registry.read('data/ledger.jsonl')).toBe(await readFile(mirror, 'utf8'))
}, 120_000)

test('an old backup that is restored all the same reads only, and a word of a witness keeps it so', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  await registry.member('10000001')
  const from = join(dir, 'old')
  await backUp(registry, from, { withMasterKey: true })
  const [{ serial } = { serial: '' }] = await registry.certificates()
  await revoke(registry, serial)
  const plain = { headers: { accept: 'text/plain' } }
  const checkpoint = (await registry.call('GET', '/api/v1/log/checkpoint', plain)).body.toString()
  const { body: known } = await bundleOf(registry)
  await burnAndRestore(registry, { from, trustsIncludedKey: true })
  await registry.start()
  expect((await registry.certificates()).map(({ status }) => status)).toEqual(['valid'])
  const told = await registry.call('POST', '/api/v1/log/witnessed', { json: { checkpoint } })
  expect(told.status).toBe(204)
  await registry.clock.advance(60_000)
  const health = await registry.call('GET', '/healthz')
  expect([health.status, health.json().code]).toEqual([503, 'LEDGER_BEHIND'])
  // It never says less under a number that nodes would take: its bundle stays the old one.
  expect((await bundleOf(registry)).body).not.toEqual(known)
  expect((await registry.call('GET', '/api/v1/bundle')).json().version).toBe(2)
  await registry.clock.advance(3 * 3_600_000)
  await registry.stop()
  await registry.start()
  expect((await registry.call('GET', '/api/v1/bundle')).json().version).toBe(2)
}, 60_000)

test('acts go on while it is copied; what is in the copy is one moment of the ledger', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  let isDone = false
  const acts = async () => {
    for (let n = 10; !isDone; n++) await registry.addClinic(`100000${n}`)
  }
  const going = acts()
  const made: Manifest[] = []
  for (let n = 0; n < 4; n++) made.push(await backUp(registry, join(dir, String(n))))
  isDone = true
  await going
  const ledger = await registry.read('data/ledger.jsonl')
  for (const [n, { ledger: state }] of made.entries()) {
    await using backup = await readBackup({ from: join(dir, String(n)) })
    expect(backup.ledger.size).toBe(state.lines)
    expect(ledger.startsWith(await readFile(backup.ledgerFile, 'utf8'))).toBe(true)
  }
}, 60_000)

test('a registry that is stopped, or was killed, is backed up from its files', async () => {
  await using registry = await TestRegistry.create({ settings })
  const dir = await folder()
  await registry.member('10000001')
  const running = await backUp(registry, join(dir, 'running'))
  await registry.stop()
  const runtime = { url: 'https://127.0.0.1:1', pid: 1, peerId: '', multiaddrs: [] }
  await registry.write('data/runtime.json', JSON.stringify(runtime))
  const stopped = await backUp(registry, join(dir, 'stopped'))
  expect(stopped.ledger).toEqual(running.ledger)
  expect(await readFile(join(dir, 'stopped/store.jsonl'))).toEqual(
    await readFile(join(dir, 'running/store.jsonl')),
  )
})
