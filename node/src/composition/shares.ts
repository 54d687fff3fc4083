import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Service } from '@twiin/runtime'
import { decoyPassword, hashPassword, passwordMatches } from '@twiin/web'
import type { Settings } from '../config/settings.ts'
import type { ShareSettings } from '../config/share-settings.ts'
import { webCertificate } from '../http/web-certificate-files.ts'
import { DoorApart } from '../patient-door/door-apart.ts'
import { OpensWhenItCan } from '../patient-door/opens-when-it-can.ts'
import { messengersOf } from '../share-messages/messengers.ts'
import { SendingHealth, watched } from '../share-messages/sending-health.ts'
import type { ShareRoutesDeps } from '../shares/routes.ts'
import type { ShareSources } from '../status/share-health.ts'
import type { Exchange } from './exchange.ts'
import type { Ground } from './ground.ts'
import { composeSharePackages } from './share-package.ts'
import { composeShareParts } from './share-parts.ts'

export interface Shares {
  readonly routes: ShareRoutesDeps
  /** Before any door. */
  readonly services: readonly Service[]
  /** What strangers reach. */
  readonly pages: Service
  readonly publicUrl: string
  readonly health: ShareSources
}

/** Shares for who has no node (J7, spec 25); undefined where the settings know of none. */
export async function composeShares(
  settings: Settings,
  ground: Ground,
  exchange: Exchange,
): Promise<Shares | undefined> {
  const { dataDir } = settings
  if (settings.share === undefined) return undefined
  // Every address is made of it: once, and without the slash that people put behind it.
  const publicUrl = settings.share.publicUrl.replace(/\/$/, '')
  const share = { ...settings.share, publicUrl }
  const { clock, log, self } = ground
  const dir = join(dataDir, 'shares')
  const { packages, services: rendering } = composeSharePackages(settings, ground, exchange)
  const sending = { mail: new SendingHealth({ clock }), sms: new SendingHealth({ clock }) }
  const messengers = watched(messengersOf(share, { clock }), sending)
  const hashing = { hash: hashPassword, matches: passwordMatches, decoy: decoyPassword }
  const parts = composeShareParts(
    { share, dir, hospital: self.name },
    { ...ground, packages, messengers, hashing },
  )
  const { oidc, host, port, helpPhone, trustedProxies, postsPerMinute, connectionsPerNetwork } = share
  const tls = await tlsOf(share, () => webCertificate(settings, { commonName: self.name, now: clock.now() }))
  const pages = {
    ...{ hospital: self.name, helpPhone, publicUrl, host, port, tls },
    ...{ trustedProxies, postsPerMinute, connectionsPerNetwork },
    ...(oidc === undefined ? {} : { oidc: { label: oidc.label, simulator: oidc.simulator } }),
  }
  const apart = new DoorApart(
    {
      settings: {
        pages,
        ...(oidc === undefined ? {} : { broker: { ...oidc, publicUrl } }),
        logLevel: settings.log.level,
      },
      packagesDir: dir,
    },
    { door: parts.door, clock, log },
  )
  const door = new OpensWhenItCan(apart, { clock, log })
  const health = { ...sending, door, book: parts.routes.book, certificate: tls.certificate }
  const services = [...rendering, ...parts.services]
  return { routes: parts.routes, services, pages: door, publicUrl, health }
}

/** One that patients' browsers trust; without it, for trying out, that of the staff's pages. */
async function tlsOf(
  { certificateFile, keyFile }: ShareSettings,
  ofStaff: () => Promise<{ certificate: string; key: string }>,
): Promise<{ certificate: string; key: string }> {
  if (certificateFile === undefined || keyFile === undefined) return ofStaff()
  const [certificate, key] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')])
  return { certificate, key }
}
