import { mkdir } from 'node:fs/promises'
import { Lifecycle, Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { composeExchange } from './composition/exchange.ts'
import type { Exchange } from './composition/exchange.ts'
import { composeGround } from './composition/ground.ts'
import type { Ground } from './composition/ground.ts'
import { composeHl7, hl7Handlers } from './composition/hl7.ts'
import { composeIndexSide } from './composition/index-side.ts'
import type { IndexSide } from './composition/index-side.ts'
import { registerPeerProtocols } from './composition/peer-protocols.ts'
import { composeSelfTest } from './composition/self-test.ts'
import { composeShares } from './composition/shares.ts'
import { trustLoops } from './composition/trust-loops.ts'
import { composeWeb } from './composition/web.ts'
import type { Settings } from './config/settings.ts'
import { joinNetwork } from './enrolment/join-network.ts'
import { runtimeFile } from './http/runtime-file.ts'
import { ReportActivity } from './activity/report-activity.ts'

/** One hospital's node: everything constructed, in the order it starts; it stops in the reverse order. */
export async function createNode(
  settings: Settings,
  deps: { clock: Clock; log: Logger },
): Promise<Lifecycle> {
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 })
  const { log } = deps
  const ground = await composeGround(settings, deps)
  const index = composeIndexSide(settings, ground)
  const exchange = composeExchange(settings, ground, index)
  const selfTest = composeSelfTest(settings, ground, index, exchange)
  registerPeerProtocols(ground, index, exchange, selfTest)
  const hl7 = await composeHl7(settings, ground, hl7Handlers(settings, ground, index, exchange))
  const shares = await composeShares(settings, ground, exchange)
  const web = await composeWeb(settings, ground, index, exchange, hl7, shares)

  const { reserve, store, studies, heads, auditLog, account, view, host, witness } = ground
  const services: Service[] = [
    // Disk first: whatever comes after may write.
    reserve,
    store,
    studies,
    heads,
    ...(ground.archive?.fetching ?? []),
    auditLog,
    // Counts of refusals are written when the peers are gone and the log is still there.
    account,
    view,
    // What was signed before anything can be signed again.
    { name: 'witness memory', start: () => witness.load() },
    // Certificate and bundle before the first peer: nobody is admitted without them.
    { name: 'enrolment', start: () => joinNetwork(ground, { retryMs: 5000 }) },
    host,
    ...trustLoops(settings, ground),
    ...ground.audit.services,
    index.publisher,
    selfTest,
    index.antiEntropy,
    index.publication,
    birthdays(ground, index),
    ...(ground.archive === undefined ? [] : [ground.archive.indexer]),
    exchange.discs.desk,
    // Before the transfers that depend on it.
    exchange.emergencies,
    exchange.runner,
    exchange.receipts,
    exchange.progress,
    ...exchange.reports.services,
    reporting(settings, ground, exchange),
    { name: 'routes', start: () => exchange.routes.resume() },
    exchange.routing.complete,
    ...exchange.prefetch,
    ...(shares?.services ?? []),
    // Doors last: they serve the moment they open.
    index.quality,
    ...hl7.services,
    ...(ground.dicomTls === undefined ? [] : [ground.dicomTls]),
    exchange.commitmentsAsked,
    exchange.intake,
    exchange.dimse,
    ...(exchange.dimseTls === undefined ? [] : [exchange.dimseTls]),
    web.reachability,
    web.http,
    ...(shares === undefined ? [] : [shares.pages]),
    runtimeFile(settings, { host, tls: web.tls, shareUrl: shares?.publicUrl }),
  ]
  return new Lifecycle(services, (service, error) =>
    log.error('service did not stop', { service, code: codeOf(error) }),
  )
}

/** spec 06 §9 */
function reporting({ registry: { reportSeconds } }: Settings, ground: Ground, { book }: Exchange): Loop {
  const { key, registry, clock, log } = ground
  const reporter = new ReportActivity({ key, registry, transfers: book, clock })
  return new Loop(
    { name: 'activity report' },
    {
      turn: () => reporter.report(),
      pause: (signal) => clock.sleep(reportSeconds * 1000, signal),
      // It is told the next time: nothing depends on it.
      onError: (error) => log.info('activity not reported', { code: codeOf(error) }),
    },
  )
}

/** spec 08 §4: who turned 12 or 16 decides anew. */
function birthdays({ clock, log }: Ground, { publication }: IndexSide): Loop {
  return new Loop(
    { name: 'birthdays' },
    {
      turn: async (signal) => {
        await clock.sleep(24 * 3_600_000, signal)
        publication.lookAtEverything()
      },
      pause: async () => {},
      onError: (error) => log.error('patients not looked at again', { code: codeOf(error) }),
    },
  )
}
