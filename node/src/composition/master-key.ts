import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import { Sealer } from '@twiin/store'

/**
 * The key that everything on disk is sealed with; made at the first start. Throws `KEY_MISSING` when there are data
 * already: a new key could not open them.
 */
export async function openMasterKey(dataDir: string): Promise<Sealer> {
  const file = join(dataDir, 'keys', 'master.key')
  if (!existsSync(file) && existsSync(join(dataDir, 'catalogue')))
    throw new TwiinError('KEY_MISSING', { file })
  return Sealer.open(file)
}
