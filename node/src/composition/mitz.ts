import { readFileSync } from 'node:fs'
import type { Settings } from '../config/settings.ts'
import { MitzSource } from '../consents/mitz-source.ts'
import type { Ground } from './ground.ts'

/** Where else patients said who may see what; nothing when it is not configured. */
export function composeMitz(
  { consent: { mitz } }: Pick<Settings, 'consent'>,
  { self, bundle, clock, log }: Pick<Ground, 'self' | 'bundle' | 'clock' | 'log'>,
): MitzSource | undefined {
  if (mitz === undefined) return undefined
  const { url, timeoutSeconds, cacheSeconds, dataCategory, roleCode, facilityTypes } = mitz
  return new MitzSource(
    {
      url,
      tls: {
        cert: readFileSync(mitz.certificateFile),
        key: readFileSync(mitz.keyFile),
        ca: readFileSync(mitz.caFile),
      },
      timeoutMs: timeoutSeconds * 1000,
      cacheMs: cacheSeconds * 1000,
      codes: { dataCategory, roleCode, facilityTypes },
      holder: () => ({ ura: self.ura, category: bundle.member(self.peerId)?.category ?? 'hospital' }),
    },
    { clock, log },
  )
}
