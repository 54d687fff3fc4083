import { readFile } from 'node:fs/promises'
import { NodeKey } from '@twiin/identity'
import { KeeperKey } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'
import { Sealer, writeFileDurably } from '@twiin/store'
import type { Settings } from '../config/settings.ts'

const contexts = { peerKey: 'registry-peer-key', keeperKey: 'token-keeper-key' } as const

/** The registry's own secrets: sealed on disk by the master key, which belongs on another medium than their backup. */
export interface RegistryKeys {
  readonly sealer: Sealer
  readonly peer: NodeKey
  readonly keeperKey: KeeperKey
}

export async function makeKeys(files: Settings['keys']): Promise<RegistryKeys> {
  const sealer = await Sealer.open(files.masterKey)
  const peer = NodeKey.generate()
  const keeperKey = KeeperKey.generate()
  await writeFileDurably(files.peerKey, sealer.sealValue(contexts.peerKey, peer.seed))
  await writeFileDurably(files.keeperKey, sealer.sealValue(contexts.keeperKey, keeperKey.bytes))
  return { sealer, peer, keeperKey }
}

/** Throws KEYS_MISSING, SEAL_BROKEN (another master key), KEY_FILE_*. */
export async function openKeys(files: Settings['keys']): Promise<RegistryKeys> {
  const [peer, keeper] = await Promise.all([files.peerKey, files.keeperKey, files.masterKey].map(readKey))
  const sealer = await Sealer.open(files.masterKey)
  return {
    sealer,
    peer: NodeKey.fromSeed(sealer.openValue(contexts.peerKey, peer ?? Buffer.of())),
    keeperKey: KeeperKey.fromBytes(sealer.openValue(contexts.keeperKey, keeper ?? Buffer.of())),
  }
}

async function readKey(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new TwiinError('KEYS_MISSING', { file, hint: 'hold the ceremony first' }, { cause })
  })
}
