import { readFile } from 'node:fs/promises'
import { NodeKey } from '@twiin/identity'
import { codeOf } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import type { Sealer } from '@twiin/store'

const context = 'node-key'

/** The node's own key, sealed on disk; made at the first start. Losing it means enrolling anew. Throws `SEAL_BROKEN`. */
export async function openNodeKey(file: string, sealer: Sealer): Promise<NodeKey> {
  const sealed = await readFile(file).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (sealed !== undefined) return NodeKey.fromSeed(sealer.openValue(context, sealed))
  const key = NodeKey.generate()
  await writeFileDurably(file, sealer.sealValue(context, key.seed), { mode: 0o600 })
  return key
}
