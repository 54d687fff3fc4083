import { join } from 'node:path'
import { WebServer } from '@twiin/web'
import { archiveRoutes } from '../archive/routes.ts'
import { auditRoutes } from '../account/routes.ts'
import { auditExportRoutes } from '../audit-export/routes.ts'
import { reviewRoutes } from '../audit-review/routes.ts'
import type { Settings } from '../config/settings.ts'
import { settingsRoutes } from '../config/routes.ts'
import { connectionsOf } from '../connections/connections.ts'
import { probeConnection } from '../connections/probe-connection.ts'
import { connectionRoutes } from '../connections/routes.ts'
import { consentRoutes } from '../consents/routes.ts'
import { dicomWebRoutes } from '../dicomweb/routes.ts'
import { orByTicket } from '../dicomweb/ticket-authentication.ts'
import { ticketRoutes } from '../dicomweb/ticket-routes.ts'
import { ViewerTickets } from '../dicomweb/viewer-tickets.ts'
import { discRoutes } from '../disc/routes.ts'
import { emergencyRoutes } from '../emergency/routes.ts'
import { exceptionRoutes } from '../filing/routes.ts'
import { searchRoutes } from '../find/routes.ts'
import { holdingRoutes } from '../holdings/routes.ts'
import { problems } from '../http/problems.ts'
import { qualityRoutes } from '../quality/routes.ts'
import { hl7Routes } from '../hl7/routes.ts'
import { webCertificate } from '../http/web-certificate-files.ts'
import { PatientAccount } from '../patient-account/patient-account.ts'
import { patientAccountRoutes } from '../patient-account/routes.ts'
import { proofRoutes } from '../proof/routes.ts'
import { reachabilityRoutes } from '../reachability/routes.ts'
import { composeReachability } from './reachability.ts'
import { reportRoutes } from '../reports/routes.ts'
import { retrievalRoutes } from '../retrieve/routes.ts'
import { routingRoutes } from '../routing/routes.ts'
import { sendRoutes } from '../send/routes.ts'
import { shareRoutes } from '../shares/routes.ts'
import { NodeStatus } from '../status/node-status.ts'
import { healthRoutes, statusRoutes } from '../status/routes.ts'
import { transferRoutes } from '../transfers/routes.ts'
import { version } from '../version.ts'
import type { Exchange } from './exchange.ts'
import type { Ground } from './ground.ts'
import type { Hl7Side } from './hl7.ts'
import type { IndexSide } from './index-side.ts'
import { composePeople } from './people.ts'
import { composeProofs } from './proof-side.ts'
import type { Shares } from './shares.ts'

/** The hospital's side: page and API. */
export async function composeWeb(
  settings: Settings,
  ground: Ground,
  index: IndexSide,
  exchange: Exchange,
  hl7: Hl7Side,
  shares?: Pick<Shares, 'routes'> & Partial<Pick<Shares, 'health'>>,
) {
  const { clock, log, random, events, account, auditLog, bundle, watch, logView, witness, enrolment } = ground
  const { host, reserve, holdings: studies, self } = ground
  const { book, transferDesk, links, speeds, searches, fetcher, intake, queryDesk } = exchange
  const { retrievals, sends, worklist, delivery, emergencies, uses } = exchange
  const { publisher, publication, consents, shieldings, patients, owners, quality } = index
  const people = composePeople(settings, ground, index)
  const reachability = composeReachability(ground)
  const { authentication, standing } = people
  const tickets = new ViewerTickets({ clock, random, standing })
  const status = new NodeStatus({
    ...{ enrolment, bundle, watch, logView, witness, host },
    ...{ reserve, publisher, book, delivery, reachability, clock },
    ...{ anchoring: ground.audit.anchoring, syslog: ground.audit.syslog, mitz: exchange.mitz },
    ...{ emergencies: uses, shares: shares?.health },
  })
  const hospital = { ura: self.ura, name: self.name }
  const tls = await webCertificate(settings, { commonName: hospital.name, now: clock.now() })
  const goOn = async (id: string) =>
    void (await book.change(id, (now) =>
      now.state === 'delivered' ? {} : { state: 'queued', nextTryAt: clock.now(), attempts: 0 },
    ))
  const http = new WebServer(
    {
      ...settings.web,
      ...{ tls, bodyLimit: 256 * 1024 },
      crossOrigin: { prefix: '/dicom-web/', origins: settings.web.corsOrigins },
      uiDir: join(import.meta.dirname, '../../ui/dist'),
      pagesDecode: true,
      api: { title: 'Twiin node', version, description: 'See docs/spec/10-node-api.md.' },
    },
    {
      authentication: orByTicket(authentication, tickets),
      ...{ problems, events, log },
      plain: [
        healthRoutes({ status, quality, shares: shares?.health, clock }),
        dicomWebRoutes({
          ...{ self, holdings: studies, searches, retrievals, fetcher, book, account, clock, intake },
          desk: queryDesk,
          house: exchange.house,
          aeTitle: settings.dicom?.aeTitle ?? 'TWIIN',
        }),
      ],
      api: [
        ...people.routes,
        ticketRoutes(
          { ohifUrl: settings.web.ohifUrl },
          { tickets, holdings: studies, house: exchange.house, searches, account },
        ),
        searchRoutes({ searches }),
        retrievalRoutes({ retrievals, book }),
        sendRoutes({ sends, book, desk: transferDesk }),
        routingRoutes({ rules: exchange.routing.rules }),
        holdingRoutes({ studies, bundle, statusOf: (bsn) => publication.statusOf(bsn), owners }),
        reportRoutes({ reports: exchange.reports.shown, recalls: exchange.reports.recalls, book, bundle }),
        consentRoutes({ consents, shieldings, patients, account, clock, bundle, self }),
        emergencyRoutes({ emergencies, book: uses, clock, confirm: people.confirm }),
        transferRoutes({ book, desk: transferDesk, links, speeds, clock }),
        exceptionRoutes({ worklist, account, goOn }),
        hl7Routes({ inbox: hl7.inbox }),
        qualityRoutes({ quality, bundle }),
        archiveRoutes(ground.archive),
        discRoutes(exchange.discs),
        shareRoutes(shares?.routes),
        auditRoutes({ log: auditLog, account, ...ground.audit }),
        auditExportRoutes({ ura: self.ura }, { log: auditLog, account }),
        reviewRoutes({ reviews: ground.audit.reviews, account }),
        patientAccountRoutes({
          patientAccount: new PatientAccount({ self: hospital }, { log: auditLog, clock }),
          account,
        }),
        proofRoutes({ proofs: composeProofs(ground, exchange), account }),
        reachabilityRoutes({ reachability }),
        settingsRoutes(settings),
        connectionRoutes({
          connections: () => connectionsOf(settings),
          probe: (connection) =>
            probeConnection(connection, { clientTls: ground.clientTls, clock, log, random }),
          account,
        }),
        statusRoutes({ hospital, version, demo: settings.demo }, { status, bundle }),
      ],
    },
  )
  return { http, reachability, tls }
}
