import { MllpClient } from '@twiin/hl7'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import type { ExceptionWorklist } from '../filing/exception-worklist.ts'
import type { FileStudy } from '../filing/file-study.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import { ArrivedDocuments } from '../reports/arrived-documents.ts'
import { FollowUps } from '../reports/follow-ups.ts'
import { IncomingReports } from '../reports/incoming-reports.ts'
import { Recalls } from '../reports/recalls.ts'
import { ReportsOut } from '../reports/reports-out.ts'
import { Recipients } from '../reports/recipients.ts'
import { StoreAuthored } from '../reports/store-authored.ts'
import { StudyReports } from '../reports/study-reports.ts'
import type { Sends } from '../send/sends.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

interface Exchanged {
  book: TransferBook
  sends: Sends
  worklist: ExceptionWorklist
  filing: FileStudy
  house: HouseStudies
  searches: PatientSearches
}

/** Reports, corrections and recalls: in, on to who received their study, and back (spec 20). */
export function composeReports(settings: Settings, ground: Ground, index: IndexSide, exchange: Exchanged) {
  const { clock, log, self, sealer, store, studies, holdings, heads, account, bundle } = ground
  const { book, sends, worklist, filing, house, searches } = exchange
  const patients = index.localPatients
  const { dicom, hospital, hl7, transfer } = settings
  const retryMs = transfer.retrySeconds * 1000
  const send = sends.follow.bind(sends)
  const here = { ura: self.ura, institution: hospital.name }
  const authored = new StoreAuthored(
    { aeTitle: dicom.aeTitle, patientIdIssuer: hospital.patientIdIssuer },
    { studies, heads },
  )
  const recipients = new Recipients({
    recipients: store.repository(buckets.studyRecipients, { keys: 'plain-opaque' }),
    ...{ sealer, clock },
  })
  const followUps = new FollowUps(
    { retryMs },
    {
      ...{ studies, recipients, send, sealer, clock, log },
      todo: store.repository(buckets.followUps, { keys: 'plain-opaque' }),
    },
  )
  const incoming = new IncomingReports(
    {
      own: { issuer: hospital.patientIdIssuer, authorities: hl7?.patientIdAuthorities ?? [] },
      ...here,
      mostOfSender: 50_000,
    },
    {
      ...{ authored, worklist, patients, account, sealer, clock, log },
      studies: holdings,
      versions: store.repository(buckets.reportVersions, { keys: 'plain-opaque' }),
      waiting: store.repository(buckets.waitingReports, { keys: 'plain-opaque' }),
      follow: (instance) => followUps.note({ owner: 'local', ...instance }),
    },
  )
  const arrived = new ArrivedDocuments({
    ...{ studies, worklist, book, recipients, followUps, account, clock, log },
  })
  const recalls = new Recalls(here, {
    ...{ studies, authored, recipients, book, bundle, send, account, sealer, clock, log },
    recalls: store.repository(buckets.recalls, { keys: 'plain-opaque' }),
  })
  const { reportsTo } = hl7 ?? {}
  const out = new ReportsOut(
    { hospital: hospital.name, retryMs },
    {
      ...{ studies, sealer, clock, log },
      queue: store.repository(buckets.reportsOut, { keys: 'plain-opaque' }),
      told: store.repository(buckets.reportsTold, { keys: 'plain-opaque' }),
      client:
        reportsTo === undefined
          ? undefined
          : new MllpClient(
              { host: reportsTo.host, port: reportsTo.port, ...(reportsTo.tls ? { tls: {} } : {}) },
              { clock, log },
            ),
    },
  )
  const shown = new StudyReports({ ura: self.ura }, { studies: holdings, filing, house, searches, account })
  return {
    shown,
    out,
    authored,
    recipients,
    followUps,
    incoming,
    arrived,
    recalls,
    services: [incoming, followUps, recalls, out],
  }
}
