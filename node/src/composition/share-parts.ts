import type { Service } from '@twiin/runtime'
import { buckets } from '../config/buckets.ts'
import type { ShareSettings } from '../config/share-settings.ts'
import { shareLetters } from '../share-messages/letters.ts'
import { linkMail } from '../share-messages/link-mail.ts'
import type { Messengers } from '../share-messages/messengers.ts'
import { codeSender, oldNumberTeller } from '../share-messages/send-code.ts'
import type { SharePackages } from '../share-package/share-packages.ts'
import { CreateShare } from '../shares/create-share.ts'
import { MakeShares } from '../shares/make-shares.ts'
import type { ShareRoutesDeps } from '../shares/routes.ts'
import { ShareBook } from '../shares/share-book.ts'
import { ShareDesk } from '../shares/share-desk.ts'
import { ShareDoor } from '../shares/share-door.ts'
import { ShareEnds } from '../shares/share-ends.ts'
import { ShareLife } from '../shares/share-life.ts'
import type { ShareRecord } from '../shares/share-record.ts'
import type { TryCounts } from '../shares/try-counts.ts'
import { Tries } from '../shares/tries.ts'
import type { CodeHashing } from '../shares/tries.ts'
import type { Ground } from './ground.ts'

type Deps = Pick<Ground, 'store' | 'reserve' | 'account' | 'events' | 'clock' | 'log'> & {
  random: (bytes: number) => Uint8Array
  packages: Pick<SharePackages, 'choose' | 'bring' | 'write'>
  messengers: Messengers
  hashing: CodeHashing
}

/** Shares but for their pages (spec 25): records, tries, codes, making, ends. */
export function composeShareParts(
  options: { share: ShareSettings; dir: string; hospital: string },
  deps: Deps,
) {
  const { share, dir, hospital } = options
  const { store, reserve, account, events, clock, random, log, packages, messengers, hashing } = deps
  const plain = { keys: 'plain-opaque' } as const
  const records = store.repository<ShareRecord>(buckets.shares, plain)
  const tries = new Tries({
    counts: store.repository<TryCounts>(buckets.shareTries, plain),
    decoys: store.repository<TryCounts>(buckets.shareDecoys, plain),
    bsnOf: async (id) => (await records.get(id))?.bsn,
    ...{ store, hashing, clock, random },
  })
  const byTime = store.repository<true>(buckets.sharesByTime, plain)
  const book = new ShareBook({ ...{ store, records, byTime, tries, events, clock } })
  const ends = new ShareEnds({ dir }, { book, account, clock, log })
  const texts = { hospital, helpPhone: share.helpPhone }
  const maker = new MakeShares(
    { ...texts, reportDelayDays: share.reportDelayDays },
    {
      ...{ book, ends, packages, mail: messengers.mail, linkMail, clock, random, log },
    },
  )
  const creating = new CreateShare(
    { hospital, share },
    { book, packages, maker, linkMail, account, reserve, hashing, clock, random },
  )
  const { publicUrl, keepDays } = share
  const desk = new ShareDesk(
    { publicUrl },
    {
      ...{ book, tries, ends, creating, account, clock, log, random },
      tellOldNumber: oldNumberTeller(texts, messengers),
    },
  )
  const sendCode = codeSender({ hospital }, messengers)
  const door = new ShareDoor({ book, tries, ends, account, sendCode, clock, log })
  const life = new ShareLife({ dir, keepDays }, { book, tries, ends, account, clock, log })
  const letters = shareLetters(texts, { clock })
  const routes: ShareRoutesDeps = {
    ...{ settings: share, book, tries, creating, maker, desk, letters, clock },
  }
  /** Codes that are being sent, lines that are being written. */
  const doings: Service = { name: 'doings at shares', stop: () => door.settled() }
  return { door, routes, life, services: [life, maker, doings] }
}
