import { copyFile, mkdir, open, readFile, readdir } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import { Store, syncFolder, writeFileDurably } from '@twiin/store'
import type { Sealer } from '@twiin/store'
import { readSettings } from '../config/read-settings.ts'
import type { Settings } from '../config/settings.ts'
import { readRawLines } from '../ledger/ledger.ts'
import { logFiles } from '../log/log-files.ts'
import { signedTreeText } from '../log/signed-tree.ts'
import { mustBeSealed, namedFiles } from './files-of-registry.ts'
import * as manifest from './manifest.ts'
import type { ReadBackup } from './read-backup.ts'
import type { SealedEntry } from './registry-snapshot.ts'

interface RestoreOptions {
  /** New or empty folder of the registry. */
  readonly to: string
  readonly at: Date
}

/**
 * Makes a registry from a backup that was read. After its start it only reads until others had time to say that they know more
 * (`log.restoredWaitSeconds`). Throws MASTER_KEY_MISSING, RESTORE_NOT_EMPTY, BACKUP_BROKEN, WRONG_KEY, SEAL_BROKEN,
 * RESTORE_IN_THE_WAY.
 */
export async function restoreBackup(
  backup: ReadBackup,
  options: RestoreOptions,
): Promise<{ configFile: string }> {
  if (backup.master === undefined)
    throw new TwiinError('MASTER_KEY_MISSING', {
      hint: 'name its file; one that lies in the backup proves nothing of who wrote it (--trust-included-key)',
    })
  const to = resolve(options.to)
  await mkdir(to, { recursive: true, mode: 0o700 })
  if ((await readdir(to)).length > 0) throw new TwiinError('RESTORE_NOT_EMPTY', { to })
  const { keyFile, sealer } = backup.master
  // Before anything is written: a store that the key does not open cannot be put back.
  const opened = await openAll(backup, sealer)
  const configFile = join(to, manifest.settingsName)
  await put(configFile, await readListed(backup, manifest.settingsName), 0o644)
  const settings = await readSettings(configFile)
  await put(settings.keys.masterKey, await readFile(keyFile))
  for (const { name, path } of namedFiles(settings)) {
    const bytes = opened.get(name)
    if (bytes !== undefined) await put(path, bytes, name.endsWith('ertificate') ? 0o644 : 0o600)
  }
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 })
  for (const [name, bytes] of opened)
    if (name.startsWith(manifest.dataPrefix))
      await put(join(settings.dataDir, name.slice(manifest.dataPrefix.length)), bytes)
  await restoreStore(settings, backup, sealer)
  await restoreLog(settings, backup, options)
  return { configFile }
}

/** Ledger, what it signed at the least, and the mark that nobody has confirmed it yet: that before the ledger. */
async function restoreLog(settings: Settings, backup: ReadBackup, { at }: RestoreOptions): Promise<void> {
  const files = logFiles(settings.dataDir)
  const { tree } = backup.ledger
  const mark = { at: at.toISOString(), backup: backup.manifest.at, lines: tree.size }
  await put(files.restored, Buffer.from(`${JSON.stringify(mark)}\n`))
  await put(files.signed, Buffer.from(signedTreeText({ size: tree.size, root: tree.root() })))
  if (backup.manifest.files.some(({ name }) => name === manifest.checkpointName))
    await put(files.cosigned, await readListed(backup, manifest.checkpointName))
  await copyFile(backup.ledgerFile, files.ledger)
  const ledger = await open(files.ledger, 'r+')
  await ledger.chmod(0o600)
  await ledger.sync()
  await ledger.close()
  await syncFolder(settings.dataDir)
}

async function restoreStore(settings: Settings, backup: ReadBackup, sealer: Sealer): Promise<void> {
  const store = new Store({ dir: join(settings.dataDir, 'counters') }, { sealer })
  await store.start()
  try {
    await store.restoreSealed(entriesOf(backup))
  } finally {
    await store.stop()
  }
}

async function* entriesOf(backup: ReadBackup): AsyncGenerator<SealedEntry> {
  for await (const line of readRawLines(backup.pathOf(manifest.storeName))) {
    const { key, value } = JSON.parse(line.toString()) as { key: string; value: string }
    yield [key, Buffer.from(value, 'base64')]
  }
}

/** What was authenticated, not what has come in its place since. Throws BACKUP_BROKEN. */
async function readListed(backup: ReadBackup, name: string): Promise<Buffer> {
  const bytes = await readFile(backup.pathOf(name))
  const listed = backup.manifest.files.find((file) => file.name === name)
  if (createHash('sha256').update(bytes).digest('hex') !== listed?.sha256)
    throw new TwiinError('BACKUP_BROKEN', { file: name })
  return bytes
}

/** Every file but the large ones, opened. Throws BACKUP_BROKEN: readable where it has to be sealed; SEAL_BROKEN. */
async function openAll(backup: ReadBackup, sealer: Sealer): Promise<Map<string, Buffer>> {
  const apart: readonly string[] = [manifest.ledgerName, manifest.storeName, manifest.masterKeyName]
  const opened = new Map<string, Buffer>()
  for (const { name, sealed } of backup.manifest.files) {
    if (apart.includes(name)) continue
    if (mustBeSealed(name) && sealed !== true) throw new TwiinError('BACKUP_BROKEN', { file: name })
    const bytes = await readListed(backup, name)
    opened.set(name, sealed ? sealer.openValue(manifest.sealContext, bytes, name) : bytes)
  }
  return opened
}

/** Never over something else: settings may name places outside of the new folder. Throws RESTORE_IN_THE_WAY. */
async function put(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const there = await readFile(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (there !== undefined && Buffer.compare(there, bytes) !== 0)
    throw new TwiinError('RESTORE_IN_THE_WAY', { path })
  if (there === undefined) await writeFileDurably(path, bytes, { mode })
}
