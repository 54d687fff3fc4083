import { Renderer } from '@twiin/pictures'
import type { Service } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'
import { SharePackages } from '../share-package/share-packages.ts'
import type { Exchange } from './exchange.ts'
import type { Ground } from './ground.ts'

/** What makes the packages of shares (spec 25 §2), with a renderer of its own: people who look do not wait for it. */
export function composeSharePackages(
  settings: Settings,
  ground: Ground,
  exchange: Pick<Exchange, 'house' | 'searches' | 'retrievals' | 'fetcher' | 'book' | 'transferDesk'>,
): { packages: SharePackages; services: Service[] } {
  const { self, holdings, filed, bundle, reserve, clock, random, log } = ground
  const { house, searches, retrievals, fetcher, book, transferDesk } = exchange
  const renderer = new Renderer()
  const { patientIdIssuer } = settings.hospital
  const packages = new SharePackages(
    { self: { ura: self.ura, name: self.name, patientIdIssuer } },
    {
      ...{ studies: holdings, house, searches, filed, bundle, retrievals, fetcher, book },
      ...{ desk: transferDesk, renderer, reserve, clock, random, log },
    },
  )
  const rendering: Service = { name: 'pictures of shares', stop: () => renderer.stop() }
  return { packages, services: [rendering] }
}
