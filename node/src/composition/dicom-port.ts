import { besideArchive } from '../archive/receive-from-archive.ts'
import { DimseServer, dimseStatus, storageCommitmentPush } from '@twiin/dimse'
import type { AssociationInfo, CommitmentResultReceived, DimseProvider } from '@twiin/dimse'
import { TwiinError } from '@twiin/runtime'
import { CommitmentDesk } from '../commit/commitment-desk.ts'
import { buckets } from '../config/buckets.ts'
import type { Commitments } from '../deliver/commitments.ts'
import type { ExceptionWorklist } from '../filing/exception-worklist.ts'
import { Intake } from '../intake/intake.ts'
import type { RouteToRecipient } from '../intake/route-to-recipient.ts'
import { ApplicationEntities } from '../query/application-entities.ts'
import { QueryProvider } from '../query/query-provider.ts'
import { StudyParts } from '../query/study-parts.ts'
import type { FileStudy } from '../filing/file-study.ts'
import type { FollowUps } from '../reports/follow-ups.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferRunner } from '../transfers/transfer-runner.ts'
import type { CompleteStudies } from '../routing/complete-studies.ts'
import type { Settings } from '../config/settings.ts'
import { askContents } from '../find/ask-contents.ts'
import { LocalStudies } from '../query/local-studies.ts'
import { QueryDesk } from '../query/query-desk.ts'
import { RemoteStudies } from '../query/remote-studies.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

/** Queries of this hospital's systems: what it holds, and what the others hold. */
function composeQueryDesk(
  settings: Settings,
  ground: Ground,
  index: IndexSide,
  deps: { searches: PatientSearches },
): QueryDesk {
  const { clock, random, self, key: signer, holdings: studies, host, account, verify } = ground
  const { patients, localPatients: known } = index
  const { dicom, hospital } = settings
  const waitMs = dicom.querySeconds * 1000
  const place = { aeTitle: dicom.aeTitle, institution: self.name, ura: self.ura, name: self.name }
  return new QueryDesk(
    { patientIdIssuer: hospital.patientIdIssuer, waitMs },
    {
      local: new LocalStudies({ place }, { studies, patients, known, clock }),
      remote: new RemoteStudies(
        { aeTitle: dicom.aeTitle, waitMs },
        {
          ...{ searches: deps.searches, patients, clock },
          askContents: (search, peerId, wanted) =>
            askContents(search, peerId, wanted, { host, signer, verify, clock, random }),
        },
      ),
      ...{ searches: deps.searches, studies, patients, known, account, clock },
    },
  )
}

interface Parts {
  searches: PatientSearches
  retrievals: Retrievals
  book: TransferBook
  runner: TransferRunner
  fetcher: FetchStudy
  filing: FileStudy
  routes: RouteToRecipient
  worklist: ExceptionWorklist
  followUps: FollowUps
  commitments: Commitments
  complete: CompleteStudies
}

/** What this hospital's systems talk to: storage, and query and retrieval of what is here and elsewhere. */
export function composeDicomPort(settings: Settings, ground: Ground, index: IndexSide, parts: Parts) {
  const { clock, log, random, sealer, store, studies, holdings, heads, account } = ground
  const { dicomTls, clientTls } = ground
  const { dicom, hospital, pacs } = settings
  const { tls, ...place } = pacs
  const { aeTitle, applicationEntities: entities } = dicom
  const intake = new Intake(
    {
      ...dicom,
      patientIdIssuer: hospital.patientIdIssuer,
      queryingAeTitles: entities.flatMap((entity) => (entity.query ? [entity.aeTitle] : [])),
    },
    { ...parts, studies, heads, account, log },
  )
  const queryDesk = composeQueryDesk(settings, ground, index, parts)
  const systems = new ApplicationEntities({
    ...{ aeTitle, entities, clientTls },
    pacs: { ...place, ...clientTls({ tls }) },
  })
  const commitmentsAsked = new CommitmentDesk(
    { mayAsk: dicom.callingAeTitles, retryMs: settings.transfer.retrySeconds * 1000 },
    {
      ...{ studies, sealer, clock, random, log },
      asked: store.repository(buckets.commitmentsAsked, { keys: 'plain-opaque' }),
      place: (title) => systems.place(title),
    },
  )
  const queries = new QueryProvider({
    entities: systems,
    desk: queryDesk,
    parts: new StudyParts({ ...parts, desk: queryDesk, studies: holdings, account, clock }),
    studies: holdings,
    log,
  })
  const isPacs = ({ callingAe, calledAe }: AssociationInfo) =>
    pacs.commitment && callingAe === pacs.aeTitle && calledAe === pacs.callingAeTitle
  const provider: DimseProvider = {
    // spec 17 §3: the PACS may bring the result of a commitment on an association of its own, and nothing else by that.
    admit: (association) => (isPacs(association) ? 'accept' : intake.admit(association)),
    acceptsContext: (abstractSyntax, _transferSyntax, association) =>
      abstractSyntax === storageCommitmentPush || intake.admit(association) === 'accept',
    openStore: (request) => intake.openStore(request),
    associationEnded: (association) => intake.associationEnded(association),
    find: (request) => queries.find(request),
    move: (request) => queries.move(request),
    get: (request) => queries.get(request),
    commit: (request) => commitmentsAsked.commit(request),
    ...(pacs.commitment && {
      committed: async (report: CommitmentResultReceived) => {
        if (!isPacs(report.association))
          throw new TwiinError('DIMSE_REFUSED', { status: dimseStatus.notAuthorised })
        await parts.commitments.committed(report)
      },
    }),
  }
  const receiver = ground.archive?.receiver
  const deps = { provider: receiver === undefined ? provider : besideArchive(provider, receiver), log }
  const { host } = dicom
  const dimse = new DimseServer({ host, port: dicom.port }, deps)
  if (dicom.tls === undefined || dicomTls === undefined)
    return { queryDesk, intake, commitmentsAsked, dimse, dimseTls: undefined }
  const dimseTls = new DimseServer({ host, port: dicom.tls.port, tls: dicomTls.server() }, deps)
  dicomTls.onRenewed((renewed) => dimseTls.renewTls(renewed))
  return { queryDesk, intake, commitmentsAsked, dimse, dimseTls }
}
