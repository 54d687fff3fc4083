import { ContentsAnswers } from '../access/answer-contents.ts'
import { HeldStudies } from '../access/held-studies.ts'
import { TransferGate } from '../access/transfer-gate.ts'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { askHolder } from '../find/ask-holder.ts'
import { PatientSearches } from '../find/patient-searches.ts'
import { TreatmentRelations } from '../find/treatment-relations.ts'
import { HouseStudies } from '../holdings/house-studies.ts'
import { RouteToRecipient } from '../intake/route-to-recipient.ts'
import { FetchStudy } from '../retrieve/fetch-study.ts'
import { Retrievals } from '../retrieve/retrievals.ts'
import { Arrivals } from '../send/arrivals.ts'
import { ProgressReports } from '../send/progress-reports.ts'
import { Receipts } from '../send/receipts.ts'
import { Sends } from '../send/sends.ts'
import { LinkSpeeds } from '../transfers/link-speeds.ts'
import { Links } from '../transfers/links.ts'
import { TransferBook } from '../transfers/transfer-book.ts'
import { TransferDesk } from '../transfers/transfer-desk.ts'
import { TransferRunner } from '../transfers/transfer-runner.ts'
import { composeDicomPort } from './dicom-port.ts'
import { composeDiscs } from './discs.ts'
import { composeAccess } from './access.ts'
import { endRetrievals } from './emergency.ts'
import { composeFiling } from './filing.ts'
import { composeRouting } from './routing-side.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'
import { composePrefetch } from './prefetch.ts'
import { composeReports } from './reports.ts'

export type Exchange = ReturnType<typeof composeExchange>

/** Studies in motion: in from the modality, found, judged, fetched, sent, filed, delivered. */
export function composeExchange(settings: Settings, ground: Ground, index: IndexSide) {
  const { clock, log, random, self, sealer, key, reserve, store, studies, holdings, heads } = ground
  const { bundle, host, account, budget, events, verify } = ground
  const { consents, shieldings, patients, localPatients, tokens, reader } = index

  const book = openBook(ground)
  const retryMs = settings.transfer.retrySeconds * 1000
  const links = new Links({ retryMs }, { clock, random: Math.random })
  const speeds = new LinkSpeeds()

  const access = composeAccess(settings, ground, index)
  const { uses, emergencies, notices, desk, guard, searchAnswers, mitz } = access
  const lines = { links, speeds }
  const { worklist, filing, commitments, delivery } = composeFiling(settings, ground, index, lines)
  const house = new HouseStudies({ studies: holdings, book, filing })
  const sends = new Sends(
    { self, excluded: settings.routing.excludeFromSends },
    { book, bundle, studies: holdings, house, host, signer: key, verify, account, clock },
  )
  const isOffered: Sends['isOffered'] = (...offer) => sends.isOffered(...offer)
  const searches = new PatientSearches(
    { self },
    {
      ...{ tokens, reader, bundle, patients, account, sealer, events, clock, log, random },
      ask: (search, peerId) => askHolder(search, peerId, { host, signer: key, verify, clock }),
      relations: new TreatmentRelations({ administration: localPatients, patients }),
      emergencies,
    },
  )
  const reports = composeReports(settings, ground, index, { book, sends, worklist, filing, house, searches })
  const gate = new TransferGate({
    ...{ desk, guard, consents, shieldings, isOffered, account, clock, log },
    emergencies: notices,
    noteRecipient: async (request, peerId) => {
      const wasSent = request.kind === 'collect'
      // What follows on a study makes nobody a recipient who was none.
      if (wasSent && (await sends.onlyOf(request.package)) !== undefined) return
      const copy = await house.copyToGive(request.studyInstanceUid)
      const ura = bundle.member(peerId)?.ura ?? ''
      if (copy !== undefined) await reports.recipients.note(copy, { ura, wasSent })
    },
  })
  const contentsAnswers = new ContentsAnswers({
    ...{ desk, guard, studies: holdings, account, signer: key, verify, clock, log },
    emergencies: notices,
  })
  const held = new HeldStudies({
    ...{ studies: holdings, house },
    onlyOf: (packageId) => sends.onlyOf(packageId),
    excludedFrom: (packageId) => sends.excludedFrom(packageId),
  })

  const fetcher = new FetchStudy(
    { lanes: settings.transfer.lanes },
    {
      ...{ host, studies, heads, budget, signer: key, verify, clock, random, sealer, links, speeds },
      evidence: store.repository(buckets.evidence, { keys: 'plain-opaque' }),
      noteCredential: (peerId) => ground.credentials.note(peerId),
    },
  )
  const retrievals = new Retrievals(
    { self },
    {
      ...{ searches, book, studies: holdings, fetcher, filing, delivery, account, clock, emergencies },
      reportsOut: reports.out,
    },
  )
  const arrivals = new Arrivals(
    { self },
    {
      ...{ book, bundle, studies, fetcher, filing, delivery, reserve, verify, account, clock },
      noteArrived: (brought) => reports.arrived.note(brought),
      reportsOut: reports.out,
    },
  )
  const discs = composeDiscs(settings, ground, { book, filing, delivery, house })
  const runner = new TransferRunner(
    { concurrent: settings.transfer.concurrent, retryMs },
    {
      ...{ book, links, clock, log },
      random: Math.random,
      workers: {
        retrieval: (record, signal) => retrievals.run(record, signal),
        send: (record) => sends.run(record),
        arrival: (record, signal) => arrivals.run(record, signal),
        disc: (record, signal) => discs.takeIn.run(record, signal),
      },
    },
  )
  emergencies.onEnd(({ id }) => endRetrievals(id, { book, runner, log }))
  const transferDesk = new TransferDesk({ book, account, clock })
  const toPrefetch = { searches, retrievals, book, desk: transferDesk }
  const prefetch = composePrefetch(settings, ground, index, toPrefetch)
  const progress = new ProgressReports({ book, links, speeds, host, clock, log })
  const receipts = new Receipts({ retryMs }, { book, host, signer: key, clock, log })

  const routes = new RouteToRecipient({
    routes: store.repository(buckets.routes, { keys: 'plain-opaque' }),
    send: (route) => sends.route(route),
    log,
  })
  const routing = composeRouting(settings, ground, { sends })
  const port = composeDicomPort(settings, ground, index, {
    ...{ searches, retrievals, book, runner, fetcher, filing, routes, worklist },
    followUps: reports.followUps,
    ...{ commitments, complete: routing.complete },
  })
  return {
    ...{ book, links, speeds, transferDesk, progress, sends, guard, searchAnswers },
    ...{ uses, emergencies, mitz, contentsAnswers, gate, held, searches, fetcher, worklist },
    ...{ house, reports, delivery, retrievals, arrivals, discs, runner, receipts, routes, routing },
    ...{ prefetch, ...port },
  }
}

function openBook({ store, events, clock, random }: Ground): TransferBook {
  return new TransferBook({
    records: store.repository(buckets.transfers, { keys: 'plain-opaque' }),
    byTime: store.repository(buckets.transfersByTime, { keys: 'plain-opaque' }),
    ...{ store, events, clock, random },
  })
}
