import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import { dataPrefix } from './manifest.ts'

export interface RegistryFile {
  /** In the backup. */
  readonly name: string
  readonly path: string
  /** Readable by whoever finds it: sealed in a backup. Everything else is public, or sealed already. */
  readonly isSecret: boolean
  readonly isOptional?: true
}

/** In the data folder, but not for a backup: made anew, or taken in another way. */
const ownWay = /^(ledger\.jsonl|counters|runtime\.json|signed\.json|restored\.json|checkpoint.*\.txt|\..*)$/

/** Which files a registry is made of, besides its ledger, its store and its master key. */
export function namedFiles({ authority, keys, http, tokens, peopleFile }: Settings): RegistryFile[] {
  const file = (name: string, path: string) => ({ name, path, isSecret: mustBeSealed(name) })
  return [
    file('authority.rootCertificate', authority.rootCertificate),
    file('authority.issuingCertificate', authority.issuingCertificate),
    // Encrypted by its passphrase. With a module that signs there is none.
    { ...file('authority.issuingKey', authority.issuingKey), isOptional: true },
    file('keys.peerKey', keys.peerKey),
    file('keys.keeperKey', keys.keeperKey),
    file('keys.logKey', keys.logKey),
    file('http.certificate', http.certificate),
    file('http.key', http.key),
    file('http.caFile', http.caFile),
    file('tokens.administrator', tokens.administrator),
    file('tokens.approver', tokens.approver),
    { ...file('peopleFile', peopleFile), isOptional: true },
  ]
}

const secretNames: readonly string[] = ['http.key', 'tokens.administrator', 'tokens.approver', 'peopleFile']

/** Whether a file is taken from a backup only when it was sealed. */
export function mustBeSealed(name: string): boolean {
  return secretNames.includes(name) || name.startsWith(dataPrefix)
}

/** Evaluation records, and whatever else a feature keeps there. */
export async function dataFiles({ dataDir }: Settings): Promise<RegistryFile[]> {
  const entries = await readdir(dataDir, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !ownWay.test(entry.name))
    .map(({ name }) => ({ name: `${dataPrefix}${name}`, path: join(dataDir, name), isSecret: true }))
}

/** What no backup holds, so that a copy of it alone is worth nothing. */
export function leftOut({ authority }: Settings, withMasterKey: boolean): string[] {
  return [
    ...(withMasterKey ? [] : ['keys.masterKey']),
    ...(authority.passphraseFile === undefined ? [] : ['authority.passphraseFile']),
    ...(authority.signerModule === undefined ? [] : ['authority.signerModule']),
  ]
}
