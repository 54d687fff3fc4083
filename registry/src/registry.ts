import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CertificateAuthority, CertificateVerifier } from '@twiin/identity'
import type { Signer } from '@twiin/identity'
import { PeerHost } from '@twiin/network'
import { TokenKeeper } from '@twiin/patient-token'
import { Lifecycle, Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { Store, writeFileDurably } from '@twiin/store'
import { LiveEvents, WebServer } from '@twiin/web'
import { backupRoutes } from './backup/routes.ts'
import { Announcements } from './bundle/announcements.ts'
import { oneKeeper } from './bundle/bundle-contents.ts'
import { NetworkBundle } from './bundle/network-bundle.ts'
import { bundleRoutes } from './bundle/routes.ts'
import { openKeys } from './ceremony/keys.ts'
import { composeLog } from './composition/log-side.ts'
import { composeOffice } from './composition/office-side.ts'
import { logNumbers } from './log/log-state.ts'
import type { Settings } from './config/settings.ts'
import { bySessionOrToken } from './http/authenticate.ts'
import { healthRoutes } from './http/health-routes.ts'
import { Metrics } from './http/metrics.ts'
import { problems } from './http/problems.ts'
import { tellPages } from './http/tell-pages.ts'
import { Certification } from './issuance/certification.ts'
import { OwnCertificate } from './issuance/own-certificate.ts'
import { estRoutes } from './issuance/routes.ts'
import { RegisteredPeers } from './keeper/admission.ts'
import { DailyCounters } from './keeper/daily-counters.ts'
import { EvaluationRecords } from './keeper/evaluation-records.ts'
import { Quotas } from './keeper/quotas.ts'
import { serveTokens } from './keeper/serve-tokens.ts'
import { Books } from './ledger/books.ts'
import { BearerTokens } from './people/bearer-tokens.ts'
import { openLogIns } from './people/log-ins.ts'
import { AccountsFile } from './people/accounts-file.ts'
import { RecordedPeople } from './people/record-people.ts'
import { sessionRoutes } from './people/routes.ts'
import { selfTestRoutes } from './self-test/routes.ts'
import { SelfTests } from './self-test/self-tests.ts'
import { ActivityReports } from './statistics/activity-reports.ts'
import { countMembers } from './statistics/count-members.ts'
import { Replay2021 } from './statistics/replay-2021.ts'
import { statisticsRoutes } from './statistics/routes.ts'

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
  const {
    sealer,
    peer,
    keeperKey,
    log: logKey,
    pem,
    tls,
    tokens: bearerTokens,
  } = await readMaterial(settings)
  // The database first: its lock keeps a second process away from the ledger.
  const store = new Store({ dir: join(settings.dataDir, 'counters') }, { sealer, log })
  await store.start()
  const books = await openBooks(settings, { store, clock })
  const { register } = books
  const authority = new CertificateAuthority({ trustDomain: settings.trustDomain }, { signer, clock, ...pem })
  const certification = new Certification(
    { operator: settings.operator, issuingCertificate: pem.issuingCertificate },
    { books, authority },
  )
  const { identity, founding, guard, transparency, witnesses, routes } = composeLog(settings, {
    ...{ books, key: logKey, clock, log },
  })
  const own = new OwnCertificate(
    { peerId: peer.peerId, ...pem },
    { register, certification, transparency, clock, log },
  )

  const verifier = new CertificateVerifier({ trustDomain: settings.trustDomain, ...pem }, { clock })
  const admission = new RegisteredPeers(
    {},
    { credential: () => own.credential(), verifier, register, clock, log },
  )
  const host = new PeerHost(settings.peer, {
    seed: peer.seed,
    admission,
    addresses: { addressesOf: (peerId) => register.keys.get(peerId)?.announced?.addresses ?? [] },
    log,
  })
  // A bundle has room for eight (spec 06 §3).
  const tokens = () => oneKeeper(peer.peerId, keeperKey.publicKey, host.multiaddrs().slice(0, 8))
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

  const counts = () => ({
    ...countMembers(register, clock.now()),
    openApplications: office.applications.openCount,
  })
  const metrics = new Metrics({}, { statistics: counts })
  metrics.watch('twiin_registry_log', 'The transparency log; ages in seconds.', () => ({
    ...logNumbers(transparency, { register, clock }),
    waiting: transparency.waiting.size + bundle.waiting.size,
  }))
  const records = new EvaluationRecords({ folder: settings.dataDir })
  const quotas = new Quotas(settings.quotas, { books })
  const keeper = tokenKeeper(settings, quotas, {
    key: keeperKey,
    clock,
    counters: new DailyCounters({}, { store }),
    record: (entry) => records.write(entry),
  })
  serveTokens(host, { keeper, register, evaluations: metrics.evaluations, log })

  const est = estRoutes(
    { ...pem, requestsPerMinute: settings.http.enrolmentsPerMinute },
    { certification, enrolments: metrics.enrolments, onIssued: () => bundle.publishSoon() },
  )
  const health = healthRoutes({
    refusal: () => books.refusal,
    bundleVersion: () => bundle.version,
    metrics,
  })
  const reports = new ActivityReports({}, { register, clock, store })
  const replay = settings.statistics.replay ? new Replay2021({}, { clock }) : undefined
  const figures = { ...settings.statistics, reportsPerMinute: settings.http.enrolmentsPerMinute }
  const events = new LiveEvents()
  const { references, retrySeconds } = settings.selfTest
  const selfTests = new SelfTests(
    { references, retryMs: retrySeconds * 1000 },
    {
      ...{ books, host, clock, log, random: (bytes) => randomBytes(bytes) },
      tell: (id, state) => events.emit({ kind: 'self-test', id, state }),
    },
  )
  const tell = tellPages(events, books)
  const people = new RecordedPeople({}, { file: new AccountsFile({ file: settings.peopleFile }), books })
  const office = composeOffice(settings, {
    ...{ books, store, authority, quotas, people, clock, log, onChanged, tell },
    connected: () => host.connectedPeers().length,
    heardOf: (peerId) => {
      const [lastCosigned, lastReport] = [transparency.lastSeen(peerId)?.at, reports.lastOf(peerId)]
      return { ...(lastCosigned && { lastCosigned }), ...(lastReport && { lastReport }) }
    },
  })
  const logIns = openLogIns({ peopleFile: settings.peopleFile }, { store, sealer, clock })
  const http = new WebServer(
    {
      ...settings.http,
      ...{ tls, bodyLimit: 64 * 1024 },
      uiDir: join(import.meta.dirname, '../ui/dist'),
      api: { title: 'Twiin registry', version: '0.1.0', description: 'See docs/spec/06-registry.md.' },
    },
    {
      ...{ problems, events, log },
      authentication: bySessionOrToken({ tokens: bearerTokens, ...logIns, clock }),
      api: [
        sessionRoutes({ ...logIns, events, clock, log }),
        ...office.api,
        bundleRoutes(bundle, new Announcements({}, { books })),
        selfTestRoutes({ selfTests, register }),
        statisticsRoutes(figures, { register, counts, reports, clock, replay }),
        routes,
        backupRoutes({ books, store, transparency }),
      ],
      plain: [async (app) => app.register(est, { prefix: '/.well-known/est' }), ...office.plain, health],
    },
  )
  const upkeep = new Loop(
    { name: 'upkeep' },
    {
      turn: async () => {
        await own.renewWhenDue()
        await witnesses.tend()
        await bundle.publish()
        await people.record()
      },
      pause: (signal) => clock.sleep(60_000, signal),
      onError: (error) => log.error('upkeep failed', { code: codeOf(error) }),
    },
  )
  const runtime = (): RegistryRuntime => ({
    url: settings.http.url ?? `https://${settings.http.host}:${http.port}`,
    pid: process.pid,
    peerId: peer.peerId,
    multiaddrs: host.multiaddrs(),
  })
  const lifecycle = new Lifecycle(
    [
      { name: 'store', stop: () => store.stop() },
      { name: 'ledger', stop: () => books.close() },
      ...office.services,
      { name: 'reports', start: () => reports.load() },
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

/** Everything the registry was given at its ceremony. */
async function readMaterial({ keys, authority, http, tokens }: Settings) {
  const read = (file: string) => readFile(file, 'utf8')
  return {
    ...(await openKeys(keys)),
    pem: {
      rootCertificate: await read(authority.rootCertificate),
      issuingCertificate: await read(authority.issuingCertificate),
    },
    tls: { certificate: await read(http.certificate), key: await read(http.key) },
    tokens: await BearerTokens.read(tokens),
  }
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

function tokenKeeper(
  { index, quotas: { user } }: Settings,
  quotas: Quotas,
  deps: ConstructorParameters<typeof TokenKeeper>[1],
): TokenKeeper {
  const nodeQuota = (ura: string) => quotas.of(ura)
  return new TokenKeeper({ epoch: index.epoch, nodeQuota, userQuota: user }, deps)
}
