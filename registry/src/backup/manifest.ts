import { createHash, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Sealer } from '@twiin/store'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { LedgerState } from './ledger-state.ts'
import { canonicalText } from './state-digest.ts'

export const manifestName = 'manifest.json'
export const settingsName = 'registry.yaml'
export const ledgerName = 'ledger.jsonl'
export const storeName = 'store.jsonl'
export const checkpointName = 'checkpoint.txt'
export const masterKeyName = 'keys.masterKey'
/** Files of the data folder, under their own names behind this. */
export const dataPrefix = 'data.'

/** What a backup holds. Names have no folders in them: nothing is ever written outside of where it belongs. */
export const Manifest = Type.Object(
  {
    format: Type.Literal('twiin-registry-backup-2'),
    /** ISO text. */
    at: Type.String(),
    ledger: LedgerState,
    files: Type.Array(
      Type.Object(
        {
          name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$' }),
          bytes: Type.Integer({ minimum: 0 }),
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          /** Opens with the master key: what would be readable by whoever finds the backup. */
          sealed: Type.Optional(Type.Literal(true)),
        },
        { additionalProperties: false },
      ),
      { maxItems: 10_000 },
    ),
    /** What belongs on another medium, or cannot be copied: named, so that it is missed in time. */
    left: Type.Array(Type.String()),
    /** Of all the above, by the master key: who can write where backups lie, but has no key, changes nothing unseen. */
    mac: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  },
  { additionalProperties: false },
)
export type Manifest = Static<typeof Manifest>
export type ManifestFile = Manifest['files'][number]

/** For which context the sealer seals a file of a backup; its name binds it to its place. */
export const sealContext = 'registry-backup'

/** The MAC that belongs to these contents. */
export function macOf(contents: Omit<Manifest, 'mac'>, sealer: Sealer): string {
  const { format, at, ledger, files, left } = contents
  return sealer
    .mac('registry-backup-manifest', canonicalText({ format, at, ledger, files, left }))
    .toString('hex')
}

export function isAuthentic(manifest: Manifest, sealer: Sealer): boolean {
  return timingSafeEqual(Buffer.from(manifest.mac, 'hex'), Buffer.from(macOf(manifest, sealer), 'hex'))
}

export async function describeFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
