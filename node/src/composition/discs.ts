import { join } from 'node:path'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import type { DeliverStudy } from '../deliver/deliver-study.ts'
import { DiscDesk } from '../disc/disc-desk.ts'
import { DiscShelf } from '../disc/disc-shelf.ts'
import { ExportDisc } from '../disc/export-disc.ts'
import { TakeInStudy } from '../disc/take-in-study.ts'
import type { FileStudy } from '../filing/file-study.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Ground } from './ground.ts'

/** Discs in and out (J10). */
export function composeDiscs(
  settings: Settings,
  ground: Ground,
  deps: { book: TransferBook; filing: FileStudy; delivery: DeliverStudy; house: HouseStudies },
) {
  const { clock, log, random, self, sealer, reserve, store, studies, holdings, heads, account, events } =
    ground
  const { book, filing, delivery, house } = deps
  const maxBytes = settings.disc.maxGiB * 1024 ** 3
  const shelf = new DiscShelf({ dir: join(settings.dataDir, 'discs'), maxBytes }, { sealer, reserve })
  const desk = new DiscDesk(
    { maxBytes },
    {
      ...{ shelf, store, book, studies, heads, account, events, clock, log },
      discs: store.repository(buckets.discs, { keys: 'plain-opaque' }),
      instances: store.repository(buckets.discStudies, { keys: 'plain-opaque' }),
    },
  )
  const takeIn = new TakeInStudy({ desk, shelf, studies, heads, filing, delivery, book, account, clock })
  const exports = new ExportDisc({ from: self.name }, { studies: holdings, house, account, clock, random })
  return { desk, takeIn, exports, maxBytes }
}
