import { execFile } from 'node:child_process'
import { copyFile, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { TwiinError, codeOf } from '@twiin/runtime'
import { syncFolder, writeFileDurably } from '@twiin/store'
import type { Sealer } from '@twiin/store'
import { openKeys } from '../ceremony/keys.ts'
import { readSettings } from '../config/read-settings.ts'
import { readRawLines } from '../ledger/ledger.ts'
import { LedgerCopy } from '../log/ledger-copy.ts'
import { logFiles } from '../log/log-files.ts'
import { dataFiles, leftOut, namedFiles } from './files-of-registry.ts'
import type { RegistryFile } from './files-of-registry.ts'
import { isSameState, ledgerStateOf } from './ledger-state.ts'
import type { LedgerState } from './ledger-state.ts'
import * as manifest from './manifest.ts'
import type { Manifest, ManifestFile } from './manifest.ts'
import { takeSnapshot } from './registry-snapshot.ts'
import type { SealedEntry } from './registry-snapshot.ts'

const run = promisify(execFile)

export interface BackupOptions {
  /** Settings file of the registry. */
  readonly config: string
  /** New folder, or a file that ends in `.tar`. */
  readonly out: string
  readonly withMasterKey?: boolean
  readonly at: Date
}

/**
 * Everything a registry is made of, at one moment, while it runs: its ledger up to a line, its store, its keys (sealed, but for
 * the master key), settings, accounts, certificates. The state that follows from the copied lines is held against the one the
 * registry has: a backup from which something else would be restored is none.
 *
 * Throws BACKUP_EXISTS, BACKUP_STATE_OTHER, STORE_LOCKED, SNAPSHOT_INCOMPLETE, LEDGER_BROKEN.
 */
export async function makeBackup(options: BackupOptions): Promise<Manifest> {
  const out = resolve(options.out)
  if (await isThere(out)) throw new TwiinError('BACKUP_EXISTS', { out })
  const partial = join(dirname(out), `.${basename(out)}.partial`)
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { mode: 0o700 })
  try {
    const made = await fill(partial, options)
    await syncFolder(partial)
    if (out.endsWith('.tar')) await pack(partial, out)
    else await rename(partial, out)
    await syncFolder(dirname(out))
    return made
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

async function fill(folder: string, options: BackupOptions): Promise<Manifest> {
  const settings = await readSettings(options.config)
  const { sealer } = await openKeys(settings.keys)
  const withMasterKey = options.withMasterKey === true
  const at = (name: string) => join(folder, name)
  await using snapshot = await takeSnapshot(settings)
  const copied = await copyLedger(logFiles(settings.dataDir).ledger, at(manifest.ledgerName), snapshot.state)
  const { checkpoint } = snapshot
  const names = [manifest.ledgerName, manifest.storeName, manifest.settingsName]
  if (checkpoint !== undefined && isOf(copied, checkpoint)) {
    await writeFileDurably(at(manifest.checkpointName), Buffer.from(checkpoint))
    names.push(manifest.checkpointName)
  }
  await writeStore(at(manifest.storeName), snapshot.entries)
  await copyFile(options.config, at(manifest.settingsName))
  if (withMasterKey) {
    await copyFile(settings.keys.masterKey, at(manifest.masterKeyName))
    names.push(manifest.masterKeyName)
  }
  const files: ManifestFile[] = []
  for (const name of names) files.push({ name, ...(await manifest.describeFile(at(name))) })
  for (const file of [...namedFiles(settings), ...(await dataFiles(settings))])
    files.push(...(await take(file, folder, sealer)))
  const contents = {
    format: 'twiin-registry-backup-2' as const,
    at: options.at.toISOString(),
    ledger: snapshot.state,
    files,
    left: leftOut(settings, withMasterKey),
  }
  const made: Manifest = { ...contents, mac: manifest.macOf(contents, sealer) }
  // Last: a folder with a manifest is complete.
  await writeFileDurably(at(manifest.manifestName), Buffer.from(`${JSON.stringify(made, null, 2)}\n`))
  return made
}

/** The first lines of a ledger that may be growing. Throws BACKUP_STATE_OTHER. */
async function copyLedger(from: string, to: string, state: LedgerState): Promise<LedgerCopy> {
  const copy = new LedgerCopy()
  const file = await open(to, 'wx', 0o600)
  try {
    let held: Buffer[] = []
    const write = async () => file.appendFile(Buffer.concat(held.splice(0)))
    for await (const line of readRawLines(from)) {
      copy.add(line)
      held.push(line, newline)
      if (held.length >= 2_000) await write()
      if (copy.size === state.lines) break
    }
    await write()
    await file.sync()
    held = []
  } finally {
    await file.close()
  }
  const found = ledgerStateOf(copy)
  if (!isSameState(found, state))
    throw new TwiinError('BACKUP_STATE_OTHER', { lines: state.lines, state: state.state, found: found.state })
  return copy
}

/** One that was cosigned since the snapshot says more than this ledger. */
function isOf(copy: LedgerCopy, checkpoint: string): boolean {
  try {
    copy.judge(checkpoint)
    return true
  } catch (error) {
    if (codeOf(error) === 'CHECKPOINT_AHEAD') return false
    throw error
  }
}

async function writeStore(to: string, entries: AsyncIterable<SealedEntry>): Promise<void> {
  const file = await open(to, 'wx', 0o600)
  try {
    for await (const [key, sealed] of entries)
      await file.appendFile(`${JSON.stringify({ key, value: sealed.toString('base64') })}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function take(
  { name, path, isSecret, isOptional }: RegistryFile,
  folder: string,
  sealer: Sealer,
): Promise<ManifestFile[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isOptional === true && codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (bytes === undefined) return []
  const to = join(folder, name)
  await writeFileDurably(to, isSecret ? sealer.sealValue(manifest.sealContext, bytes, name) : bytes)
  return [{ name, ...(await manifest.describeFile(to)), ...(isSecret && { sealed: true as const }) }]
}

async function pack(folder: string, out: string): Promise<void> {
  const partial = `${out}.partial`
  await run('tar', ['--create', '--file', partial, '--directory', folder, ...(await readdir(folder))])
  const file = await open(partial, 'r+')
  await file.chmod(0o600)
  await file.sync()
  await file.close()
  await rename(partial, out)
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

const newline = Buffer.from('\n')
