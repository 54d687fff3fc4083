import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Renderer } from '@twiin/pictures'
import type { Clock } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { QueryDesk } from '../query/query-desk.ts'
import type { Intake } from '../intake/intake.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import { bulkDataRoutes } from './bulk-data-routes.ts'
import { frameRoutes } from './frame-routes.ts'
import { problems } from '../http/problems.ts'
import { InstanceReader } from './instance-reader.ts'
import { metadataRoutes } from './metadata-routes.ts'
import { OpenedStudies } from './opened-studies.ts'
import { queryRoutes } from './query-routes.ts'
import { renderedRoutes } from './rendered-routes.ts'
import { viewers } from './request-context.ts'
import { retrieveRoutes } from './retrieve-routes.ts'
import { storeRoutes } from './store-routes.ts'
import { StudyQueries } from './study-queries.ts'
import { ViewableStudies } from './viewable-studies.ts'

/** How long an answer waits for the next instance of a study that is on its way. */
const waitMs = 120_000

/** DICOMweb under `/dicom-web`, and once more for what one search found under `/dicom-web/searches/{id}` (spec 14). */
export function dicomWebRoutes(deps: {
  self: { ura: string; name: string }
  desk: QueryDesk
  holdings: Holdings
  house: HouseStudies
  searches: PatientSearches
  retrievals: Retrievals
  fetcher: FetchStudy
  book: TransferBook
  account: Account
  intake: Intake
  /** Of this node: what is stored is stored as if sent to it. */
  aeTitle: string
  clock: Clock
}): FastifyPluginAsyncTypebox {
  const { holdings } = deps
  const opened = new OpenedStudies(deps)
  const studies = new ViewableStudies({ waitMs }, { ...deps, opened })
  const reader = new InstanceReader({ holdings })
  const renderer = new Renderer()
  const features = [
    queryRoutes({ studies, desk: new StudyQueries(deps) }),
    retrieveRoutes({ studies, holdings }),
    metadataRoutes({ studies, reader }),
    frameRoutes({ studies, reader, renderer }),
    renderedRoutes({ studies, reader, renderer }),
    bulkDataRoutes({ studies, reader }),
    storeRoutes(deps),
  ]
  return async (app) => {
    app.addHook('onClose', () => renderer.stop())
    app.addHook('onSend', async (_request, reply) => {
      // Of patients: kept by nobody but who asked, who may keep it as long as it is told each time that it may.
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache')
    })
    for (const prefix of ['/dicom-web', '/dicom-web/searches/:searchId'])
      for (const feature of features) await app.register(feature, { prefix })
    // Anything else here is no page of ours.
    app.all('/dicom-web/*', { config: viewers, schema: { hide: true } }, (_request, reply) =>
      problems.send(reply, 'NOT_FOUND'),
    )
  }
}
