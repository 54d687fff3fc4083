import { copyFile, mkdir, open, readFile, readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import { Sealer, Store, syncFolder, writeFileDurably } from '@twiin/store'
import { readSettings } from '../config/read-settings.ts'
import type { Settings } from '../config/settings.ts'
import { readRawLines } from '../ledger/ledger.ts'
import { logFiles } from '../log/log-files.ts'
import { signedTreeText } from '../log/signed-tree.ts'
import { namedFiles } from './files-of-registry.ts'
import * as manifest from './manifest.ts'
import type { ReadBackup } from './read-backup.ts'
import type { SealedEntry } from './registry-snapshot.ts'

interface RestoreOptions {
  /** New or empty folder of the registry. */
  readonly to: string
  /** When it is not in the backup. */
  readonly masterKey?: string
  readonly at: Date
}

/**
 * Makes a registry from a backup that was read. After its start it only reads until others had time to say that they know more
 * (`log.restoredWaitSeconds`). Throws RESTORE_NOT_EMPTY, MASTER_KEY_MISSING, WRONG_KEY, SEAL_BROKEN, RESTORE_IN_THE_WAY.
 */
export async function restoreBackup(
  backup: ReadBackup,
  options: RestoreOptions,
): Promise<{ configFile: string }> {
  const to = resolve(options.to)
  await mkdir(to, { recursive: true, mode: 0o700 })
  if ((await readdir(to)).length > 0) throw new TwiinError('RESTORE_NOT_EMPTY', { to })
  const keyFile = await masterKeyOf(backup, options)
  const sealer = await Sealer.open(keyFile)
  // Before anything is written: a store that the key does not open cannot be put back.
  const opened = await openAll(backup, sealer)
  const configFile = join(to, manifest.settingsName)
  await put(configFile, await readFile(backup.pathOf(manifest.settingsName)), 0o644)
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
  const checkpoint = await readFile(backup.pathOf(manifest.checkpointName)).catch(() => undefined)
  const isListed = backup.manifest.files.some(({ name }) => name === manifest.checkpointName)
  if (checkpoint !== undefined && isListed) await put(files.cosigned, checkpoint)
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

/** Every file but the large ones, opened. Throws SEAL_BROKEN: another master key. */
async function openAll(backup: ReadBackup, sealer: Sealer): Promise<Map<string, Buffer>> {
  const apart: readonly string[] = [manifest.ledgerName, manifest.storeName, manifest.masterKeyName]
  const opened = new Map<string, Buffer>()
  for (const { name, sealed } of backup.manifest.files) {
    if (apart.includes(name)) continue
    const bytes = await readFile(backup.pathOf(name))
    opened.set(name, sealed ? sealer.openValue(manifest.sealContext, bytes, name) : bytes)
  }
  return opened
}

/** Throws MASTER_KEY_MISSING. */
async function masterKeyOf(backup: ReadBackup, options: { masterKey?: string }): Promise<string> {
  if (options.masterKey !== undefined) {
    await stat(options.masterKey)
    return options.masterKey
  }
  if (backup.manifest.files.some(({ name }) => name === manifest.masterKeyName))
    return backup.pathOf(manifest.masterKeyName)
  throw new TwiinError('MASTER_KEY_MISSING', { hint: 'name its file; it is not in this backup' })
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
