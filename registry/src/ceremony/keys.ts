import { readFile } from 'node:fs/promises'
import { LogKey, NodeKey } from '@twiin/identity'
import { KeeperKey } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'
import { Sealer, writeFileDurably } from '@twiin/store'
import type { Settings } from '../config/settings.ts'

const contexts = {
  peerKey: 'registry-peer-key',
  keeperKey: 'token-keeper-key',
  logKey: 'transparency-log-key',
} as const

/** The registry's own secrets: sealed on disk by the master key, which belongs on another medium than their backup. */
export interface RegistryKeys {
  readonly sealer: Sealer
  readonly peer: NodeKey
  readonly keeperKey: KeeperKey
  /** Signs the checkpoints of the transparency log. spec 11 §3. */
  readonly log: LogKey
}

export async function makeKeys(files: Settings['keys']): Promise<RegistryKeys> {
  const sealer = await Sealer.open(files.masterKey)
  const peer = NodeKey.generate()
  const keeperKey = KeeperKey.generate()
  const log = LogKey.generate()
  await writeFileDurably(files.peerKey, sealer.sealValue(contexts.peerKey, peer.seed))
  await writeFileDurably(files.keeperKey, sealer.sealValue(contexts.keeperKey, keeperKey.bytes))
  await writeFileDurably(files.logKey, sealer.sealValue(contexts.logKey, log.seed))
  return { sealer, peer, keeperKey, log }
}

/** Throws KEYS_MISSING, SEAL_BROKEN (another master key, or one file in the place of another), KEY_FILE_*. */
export async function openKeys(files: Settings['keys']): Promise<RegistryKeys> {
  const { masterKey, ...sealed } = files
  // Asked for first: the sealer would make a new one where there is none.
  await readKey(masterKey)
  const sealer = await Sealer.open(masterKey)
  const open = async (name: keyof typeof sealed) =>
    sealer.openValue(contexts[name], await readKey(sealed[name]))
  return {
    sealer,
    peer: NodeKey.fromSeed(await open('peerKey')),
    keeperKey: KeeperKey.fromBytes(await open('keeperKey')),
    log: LogKey.fromSeed(await open('logKey')),
  }
}

async function readKey(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new TwiinError('KEYS_MISSING', { file, hint: 'hold the ceremony first' }, { cause })
  })
}
