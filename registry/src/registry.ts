import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signer } from '@twiin/identity'
import { Lifecycle, Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { Store, writeFileDurably } from '@twiin/store'
import { LiveEvents } from '@twiin/web'
import { backupRoutes } from './backup/routes.ts'
import { Announcements } from './bundle/announcements.ts'
import { NetworkBundle } from './bundle/network-bundle.ts'
import { bundleRoutes } from './bundle/routes.ts'
import { composeAuthority } from './composition/authority-side.ts'
import { composeFigures } from './composition/figures-side.ts'
import { composeKeeper } from './composition/keeper-side.ts'
import { composeLog } from './composition/log-side.ts'
import { composeOffice } from './composition/office-side.ts'
import { readMaterial } from './composition/read-material.ts'
import { composeWeb } from './composition/web-side.ts'
import { logNumbers } from './log/log-state.ts'
import type { Settings } from './config/settings.ts'
import { Metrics } from './http/metrics.ts'
import { tellPages } from './http/tell-pages.ts'
import { estRoutes } from './issuance/routes.ts'
import { Books } from './ledger/books.ts'
import { AccountsFile } from './people/accounts-file.ts'
import { RecordedPeople } from './people/record-people.ts'
import { selfTestRoutes } from './self-test/routes.ts'
import { SelfTests } from './self-test/self-tests.ts'

export interface RegistryDeps {
  clock: Clock
  log: Logger
  /** Holds the issuing key. */
  signer: Signer
}

/** What a running registry tells on this machine, also in `runtime.json`. */
export interface RegistryRuntime {
  readonly url: string
  readonly pid: number
  readonly peerId: string
  readonly multiaddrs: readonly string[]
}

export interface RunningRegistry extends AsyncDisposable {
  readonly runtime: RegistryRuntime
  stop(): Promise<void>
}

/** Builds the registry from its settings and starts it. Everything that is said is in the ledger first (docs/spec/06 §5). */
export async function startRegistry(settings: Settings, deps: RegistryDeps): Promise<RunningRegistry> {
  const { clock, log, signer } = deps
  const material = await readMaterial(settings)
  const { sealer, peer, keeperKey, pem, tls } = material
  // The database first: its lock keeps a second process away from the ledger.
  const store = new Store({ dir: join(settings.dataDir, 'counters') }, { sealer, log })
  await store.start()
  const books = await openBooks(settings, { store, clock })
  const { register } = books
  const { identity, founding, guard, transparency, witnesses, routes } = composeLog(settings, {
    ...{ books, key: material.log, clock, log },
  })
  const { authority, certification, own, verifier } = composeAuthority(settings, {
    ...{ pem, peerId: peer.peerId, signer, books, transparency, clock, log },
  })
  const figures = composeFigures(settings, {
    ...{ register, store, clock, openApplications: () => office.applications.openCount },
  })
  const metrics = new Metrics({}, { statistics: figures.counts })
  const { host, quotas, records, reserve, tokens } = composeKeeper(settings, {
    ...{ peer, keeperKey, verifier, books, store, metrics, clock, log },
    credential: () => own.credential(),
  })
  const { trustDomain, index } = settings
  const facts = () => ({ trustDomain, index, log: identity, tokens: tokens() })
  const { refreshMinutes, gatherMs } = settings.bundle
  const bundle = new NetworkBundle(
    { refreshMs: refreshMinutes * 60_000, gatherMs },
    { facts, books, authority, transparency, clock, log },
  )
  const onChanged = async () => {
    await bundle.publish()
    await host.sweep()
  }

  metrics.watch('twiin_registry_log', 'The transparency log; ages in seconds.', () => ({
    ...logNumbers(transparency, { books, clock }),
    waiting: transparency.waiting.size + bundle.waiting.size,
  }))
  const est = estRoutes(
    { ...pem, requestsPerMinute: settings.http.enrolmentsPerMinute },
    { certification, enrolments: metrics.enrolments, onIssued: () => bundle.publishSoon() },
  )
  const events = new LiveEvents()
  const { references, retrySeconds } = settings.selfTest
  const selfTests = new SelfTests(
    { references, retryMs: retrySeconds * 1000 },
    {
      ...{ books, host, clock, log, random: randomBytes },
      tell: (id, state) => events.emit({ kind: 'self-test', id, state }),
    },
  )
  const tell = tellPages(events, books)
  const people = new RecordedPeople({}, { file: new AccountsFile({ file: settings.peopleFile }), books })
  const office = composeOffice(settings, {
    ...{ books, store, authority, quotas, people, clock, log, onChanged, tell },
    connected: () => host.connectedPeers().length,
    heardOf: (peerId) => {
      const [lastCosigned, lastReport] = [transparency.lastSeen(peerId)?.at, figures.reports.lastOf(peerId)]
      return { ...(lastCosigned && { lastCosigned }), ...(lastReport && { lastReport }) }
    },
  })
  const http = composeWeb(settings, {
    ...{ tls, tokens: material.tokens, books, store, sealer, events, metrics, clock, log },
    bundleVersion: () => bundle.version,
    api: [
      ...office.api,
      bundleRoutes(bundle, new Announcements({}, { books })),
      selfTestRoutes({ selfTests, register, confirmed: office.confirmed }),
      figures.routes,
      routes,
      backupRoutes({ books, store, transparency }),
    ],
    plain: [async (app) => app.register(est, { prefix: '/.well-known/est' }), ...office.plain],
  })
  const upkeep = everyMinute(deps, async () => {
    await own.renewWhenDue()
    await witnesses.tend()
    await bundle.publish()
    await people.record()
  })
  const runtime = (): RegistryRuntime => ({
    url: settings.http.url ?? `https://${settings.http.host}:${http.port}`,
    pid: process.pid,
    peerId: peer.peerId,
    multiaddrs: host.multiaddrs(),
  })
  const lifecycle = new Lifecycle(
    [
      ...[reserve, { name: 'store', stop: () => store.stop() }],
      { name: 'ledger', stop: () => books.close() },
      ...office.services,
      { name: 'reports', start: () => figures.reports.load() },
      { name: 'evaluation records', stop: () => records.close() },
      // Whatever is recorded after the first line is judged by the guard.
      ...[founding, guard, transparency],
      // Without a certificate of its own no peer would talk to it.
      own,
      host,
      witnesses,
      // After the host: the bundle says where the keeper is.
      bundle,
      upkeep,
      selfTests,
      // Serves the moment it starts; only then others are told where.
      http,
      runtimeFile(settings.dataDir, runtime),
    ],
    (service, error) => log.error('stop failed', { service, code: codeOf(error) }),
  )
  await lifecycle.start()
  const started = runtime()
  log.info('registry listening', { url: started.url, peerId: started.peerId })
  const stop = () => lifecycle.stop()
  return { runtime: started, stop, [Symbol.asyncDispose]: stop }
}

function everyMinute({ clock, log }: RegistryDeps, turn: () => Promise<void>): Loop {
  return new Loop(
    { name: 'upkeep' },
    {
      turn,
      pause: (signal) => clock.sleep(60_000, signal),
      onError: (error) => log.error('upkeep failed', { code: codeOf(error) }),
    },
  )
}

async function openBooks(settings: Settings, deps: { store: Store; clock: Clock }): Promise<Books> {
  try {
    return await Books.open({ file: join(settings.dataDir, 'ledger.jsonl') }, deps)
  } catch (error) {
    await deps.store.stop()
    throw error
  }
}

/** For the command line, and for whoever started this process on any free port. */
function runtimeFile(dataDir: string, runtime: () => RegistryRuntime): Service {
  const file = join(dataDir, 'runtime.json')
  return {
    name: 'runtime file',
    start: () => writeFileDurably(file, Buffer.from(`${JSON.stringify(runtime(), null, 2)}\n`)),
    stop: () => rm(file, { force: true }),
  }
}
