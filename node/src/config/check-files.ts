import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import type { Settings } from './settings.ts'

/** The files the settings name have to be there; the token only until it was used. Throws `CONFIG_INVALID`. */
export function checkFiles({ dataDir, trust, registry }: Settings): void {
  const enrolled = existsSync(join(dataDir, 'identity', 'node.pem'))
  const needed = {
    'trust.rootCertificateFile': trust.rootCertificateFile,
    'registry.caFile': registry.caFile,
    ...(enrolled ? {} : { 'registry.enrolmentTokenFile': registry.enrolmentTokenFile }),
  }
  const missing = Object.entries(needed)
    .filter(([, file]) => file === undefined || !existsSync(file))
    .map(
      ([setting, file]) => `${setting}: ${file === undefined ? 'needed to enrol' : `no such file: ${file}`}`,
    )
  if (missing.length > 0) throw new TwiinError('CONFIG_INVALID', { errors: missing.join('; ') })
}
