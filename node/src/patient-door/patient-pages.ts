import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { builtAssets, errorPage } from '@twiin/share-pages'
import { PageServer } from '@twiin/web'
import type { PatientDoor } from '../shares/patient-door.ts'
import { assetAddresses, assetRoutes } from './asset-routes.ts'
import { DoorFacts } from './door-facts.ts'
import { Doorman } from './doorman.ts'
import { DownloadsAtOnce } from './downloads-at-once.ts'
import type { DownloadBounds } from './downloads-at-once.ts'
import type { DoorOptions, LoginPages } from './entrance.ts'
import { entryRoutes } from './entry-routes.ts'
import { packageAddress, packageRoutes } from './package-routes.ts'
import { PlainPages } from './plain-pages.ts'
import { plainRoutes } from './plain-routes.ts'
import { DoorSessions, sessionCookie } from './sessions.ts'

export interface PatientPagesOptions extends DoorOptions {
  host: string
  port: number
  tls: { certificate: string; key: string }
  /** As `PageServerOptions` has them, with what is generous for each. */
  postsPerMinute?: number
  getsPerMinute?: number
  connectionsPerNetwork?: number
  trustedProxies?: readonly string[]
  downloads?: Partial<DownloadBounds>
}

export interface PatientPagesDeps {
  door: PatientDoor
  clock: Clock
  random: (bytes: number) => Uint8Array
  log: Logger
  /** `brokerRoutes`, where there is a broker. */
  login?: (pages: LoginPages) => FastifyPluginAsyncTypebox
}

/** 200 patients who download, each with a browser that also looks. */
const downloadBounds: DownloadBounds = {
  ...{ most: 400, mostOfSession: 8, mostOfShare: 100 },
  silentMs: 5 * 60_000,
}

/** What recipients of shares see: pages, package, downloads (spec 25 §5). */
export class PatientPages implements Service {
  readonly name = 'patient-pages'
  readonly #server: PageServer

  constructor(options: PatientPagesOptions, deps: PatientPagesDeps) {
    const { door, clock, random, log, login } = deps
    const assets = builtAssets()
    const facts = new DoorFacts(options, { assets: assetAddresses(assets) })
    const sessions = new DoorSessions({}, { clock, random })
    door.onOver((shareId) => sessions.endAllOf(shareId))
    const doorman = new Doorman({ door, sessions, facts })
    const downloads = new DownloadsAtOnce({ ...downloadBounds, ...options.downloads }, { clock })
    const plain = new PlainPages({}, { door, facts, downloads, clock })
    this.#server = new PageServer(
      { ...options, origin: new URL(options.publicUrl).origin },
      {
        log,
        // How many files a session gets at once is bounded, and so is how many sessions there are.
        isUncounted: ({ routeOptions, cookies }) =>
          routeOptions.url === packageAddress && sessions.isOpen(cookies[sessionCookie]),
        errorPage: (request, status) => errorPage(facts.page(request), status),
        routes: [
          assetRoutes(assets),
          entryRoutes({ door, doorman, facts, plain, clock }),
          packageRoutes({ door, doorman, facts, downloads }),
          plainRoutes({ doorman, facts, plain }),
          ...(login === undefined ? [] : [login(doorman)]),
        ],
      },
    )
  }

  start(): Promise<void> {
    return this.#server.start()
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }

  get port(): number {
    return this.#server.port
  }
}
