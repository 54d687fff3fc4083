import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DocumentVerifier, decodeSignedDocument } from '@twiin/identity'
import { bundle, bundleContentBytes, witnessedBundle } from '@twiin/protocol'
import type { Bundle } from '@twiin/protocol'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Sealer } from '@twiin/store'
import { Compile } from 'typebox/compile'
import { readRawLines } from '../ledger/ledger.ts'
import { LedgerCopy } from '../log/ledger-copy.ts'
import { isSameState, ledgerStateOf } from './ledger-state.ts'
import * as manifest from './manifest.ts'
import type { Manifest } from './manifest.ts'

const run = promisify(execFile)
const shape = Compile(manifest.Manifest)

/** A backup that was found to be what it says. */
export interface ReadBackup extends AsyncDisposable {
  readonly manifest: Manifest
  /** The ledger that is to be restored: the backup's own, or the longer one of a mirror. */
  readonly ledger: LedgerCopy
  readonly ledgerFile: string
  /** A file of the backup. */
  pathOf(name: string): string
  /** The master key; without it nobody knows who wrote this backup, and nothing is made from it. */
  readonly master?: { readonly keyFile: string; readonly sealer: Sealer; readonly isFromBackup: boolean }
}

/**
 * Verifies every file of a backup and replays its ledger: what follows from it has to be what the registry had. With a mirror
 * the lines after it come from there. With the master key its manifest is authenticated before anything in it is used.
 * Throws BACKUP_BROKEN, BACKUP_FORGED (somebody without that key wrote it), LEDGER_BROKEN, MIRROR_OTHER.
 */
export async function readBackup(options: {
  from: string
  mirror?: string
  /** File of it. */
  masterKey?: string
  /**
   * The key that lies in the backup is used when no other is named. It proves nothing of who wrote it: whoever replaces all
   * of a backup brings a key of their own.
   */
  trustsIncludedKey?: boolean
}): Promise<ReadBackup> {
  const { folder, discard } = await unpacked(options.from)
  try {
    const pathOf = (name: string) => join(folder, name)
    const read = await readManifest(pathOf(manifest.manifestName))
    const master = await masterOf(read, options, pathOf)
    if (master !== undefined && !manifest.isAuthentic(read, master.sealer))
      throw new TwiinError('BACKUP_FORGED', { file: manifest.manifestName })
    for (const { name, bytes, sha256 } of read.files) {
      const found = await manifest.describeFile(pathOf(name)).catch(() => undefined)
      if (found?.bytes !== bytes || found.sha256 !== sha256)
        throw new TwiinError('BACKUP_BROKEN', { file: name })
    }
    const own = new LedgerCopy()
    for await (const line of readRawLines(pathOf(manifest.ledgerName))) own.add(line)
    const state = ledgerStateOf(own)
    if (!isSameState(state, read.ledger))
      throw new TwiinError('BACKUP_BROKEN', { file: manifest.ledgerName, state: state.state })
    const mirrored = options.mirror === undefined ? undefined : await readMirror(options.mirror, read.ledger)
    return {
      manifest: read,
      ledger: mirrored ?? own,
      ledgerFile: mirrored === undefined ? pathOf(manifest.ledgerName) : (options.mirror ?? ''),
      pathOf,
      ...(master && { master }),
      [Symbol.asyncDispose]: discard,
    }
  } catch (error) {
    await discard()
    throw error
  }
}

/**
 * Holds a ledger against a network bundle that some node has: restored from less, the registry would forget what that bundle
 * says, such as revocations. Throws BACKUP_BEHIND, BACKUP_OTHER (the bundle is not one of this ledger), DOCUMENT_*.
 */
export async function holdAgainstBundle(
  backup: ReadBackup,
  options: { bundleFile: string },
  deps: { clock: Pick<Clock, 'now'> },
): Promise<{ version: number }> {
  const rootCertificate = await readFile(backup.pathOf('authority.rootCertificate'), 'utf8')
  const verifier = new DocumentVerifier({ rootCertificate }, deps)
  const { document, checkpoint } = split(await readFile(options.bundleFile))
  const says = bundle.decode(await verifier.verify(decodeSignedDocument(document)))
  const { ledger, ledgerFile } = backup
  const here = ledger.register.published?.version ?? 0
  if (says.version > here) throw new TwiinError('BACKUP_BEHIND', { backup: here, bundle: says.version })
  const digest = await digestOfVersion(ledgerFile, says.version)
  if (digest !== digestOf(says)) throw new TwiinError('BACKUP_OTHER', { bundle: says.version })
  if (checkpoint !== undefined) judgeCheckpoint(ledger, checkpoint)
  return { version: says.version }
}

function judgeCheckpoint(ledger: LedgerCopy, checkpoint: string): void {
  try {
    ledger.judge(checkpoint)
  } catch (error) {
    if (!isTwiinError(error, 'CHECKPOINT_AHEAD')) throw error
    throw new TwiinError('BACKUP_BEHIND', { ...error.facts }, { cause: error })
  }
}

/** As nodes keep it, with evidence; or the signed document alone. */
function split(bytes: Uint8Array): { document: Uint8Array; checkpoint?: string } {
  try {
    const { document, evidence } = witnessedBundle.decode(bytes)
    return { document, checkpoint: evidence.checkpoint }
  } catch (error) {
    if (!isTwiinError(error, 'MESSAGE_INVALID')) throw error
    return { document: bytes }
  }
}

async function digestOfVersion(ledgerFile: string, version: number): Promise<string | undefined> {
  for await (const line of readRawLines(ledgerFile)) {
    const act = JSON.parse(line.toString()) as { act: string; version?: number; digest?: string }
    if (act.act === 'published' && act.version === version) return act.digest
  }
  return undefined
}

function digestOf(says: Bundle): string {
  return createHash('sha256').update(bundleContentBytes(says)).digest('hex')
}

/** Undefined when the mirror has no more than the backup. Throws MIRROR_OTHER. */
async function readMirror(file: string, ledger: Manifest['ledger']): Promise<LedgerCopy | undefined> {
  const copy = new LedgerCopy()
  for await (const line of readRawLines(file)) {
    copy.add(line)
    if (copy.size === ledger.lines && copy.head !== ledger.head)
      throw new TwiinError('MIRROR_OTHER', { lines: ledger.lines })
  }
  return copy.size > ledger.lines ? copy : undefined
}

async function masterOf(
  read: Manifest,
  { masterKey: given, trustsIncludedKey = false }: { masterKey?: string; trustsIncludedKey?: boolean },
  pathOf: (name: string) => string,
) {
  const isIn = read.files.some(({ name }) => name === manifest.masterKeyName)
  const keyFile = given ?? (isIn && trustsIncludedKey ? pathOf(manifest.masterKeyName) : undefined)
  if (keyFile === undefined) return undefined
  // `Sealer.open` makes a key where there is none.
  await stat(keyFile)
  return { keyFile, sealer: await Sealer.open(keyFile), isFromBackup: given === undefined }
}

async function readManifest(path: string): Promise<Manifest> {
  try {
    const read: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (shape.Check(read)) return read
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new TwiinError('BACKUP_BROKEN', { file: manifest.manifestName })
  }
  throw new TwiinError('BACKUP_BROKEN', { file: manifest.manifestName })
}

async function unpacked(from: string): Promise<{ folder: string; discard: () => Promise<void> }> {
  if ((await stat(from)).isDirectory()) return { folder: from, discard: async () => {} }
  const folder = await mkdtemp(join(tmpdir(), 'twiin-backup-'))
  const discard = () => rm(folder, { recursive: true, force: true })
  await run('tar', ['--extract', '--no-same-owner', '--file', from, '--directory', folder]).catch(
    async (cause: unknown) => {
      await discard()
      throw new TwiinError('BACKUP_BROKEN', { file: from }, { cause })
    },
  )
  return { folder, discard }
}
