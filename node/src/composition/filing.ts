import { mismatchNotice } from '../archive/mismatch-notice.ts'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { Commitments } from '../deliver/commitments.ts'
import { DeliverStudy } from '../deliver/deliver-study.ts'
import { ExceptionWorklist } from '../filing/exception-worklist.ts'
import { FileStudy } from '../filing/file-study.ts'
import { ReportForms } from '../reports/report-forms.ts'
import type { LinkSpeeds } from '../transfers/link-speeds.ts'
import type { Links } from '../transfers/links.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

/** What came from elsewhere gets a safe number, and goes into the PACS. */
export function composeFiling(
  settings: Settings,
  ground: Ground,
  { patientsHere, quality }: IndexSide,
  { links, speeds }: { links: Links; speeds: LinkSpeeds },
) {
  const { clock, log, random, self, sealer, store, filed, holdings, account, events } = ground
  const { tls, ...place } = settings.pacs
  const pacs = { ...place, ...ground.clientTls({ tls }) }
  const worklist = new ExceptionWorklist({
    store,
    items: store.repository(buckets.exceptions, { keys: 'plain-opaque' }),
    events,
    clock,
  })
  quality.follow(worklist)
  ground.archive?.onMismatch((mismatch) => worklist.raise(mismatchNotice(mismatch)))
  const filing = new FileStudy(
    { patientIdIssuer: settings.hospital.patientIdIssuer, modifyingSystem: `TWIIN ${self.ura}` },
    {
      studies: holdings,
      patients: patientsHere,
      worklist,
      filed,
      account,
      sealer,
      clock,
    },
  )
  const commitments = new Commitments(
    { pacs, waitMs: settings.pacs.commitmentSeconds * 1000 },
    { clock, random, log },
  )
  const delivery = new DeliverStudy(
    { pacs },
    {
      ...{ sealer, links, speeds, clock, log },
      forms: new ReportForms(settings.pacs.reports, { studies: holdings }),
      commitments: settings.pacs.commitment ? commitments : undefined,
      deliveries: store.repository(buckets.deliveries, { keys: 'plain-opaque' }),
    },
  )
  return { worklist, filing, commitments, delivery }
}
