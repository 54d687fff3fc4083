import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Lifecycle, Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { composeExchange } from './composition/exchange.ts'
import { composeGround } from './composition/ground.ts'
import type { Ground } from './composition/ground.ts'
import { composeIndexSide } from './composition/index-side.ts'
import { registerPeerProtocols } from './composition/peer-protocols.ts'
import { composeSelfTest } from './composition/self-test.ts'
import { composeWeb } from './composition/web.ts'
import type { Settings } from './config/settings.ts'
import { joinNetwork } from './enrolment/join-network.ts'
import { untilHeard } from './enrolment/until-heard.ts'

const hourMs = 3_600_000

/** One hospital's node: everything constructed, in the order it starts; it stops in the reverse order. */
export async function createNode(
  settings: Settings,
  deps: { clock: Clock; log: Logger },
): Promise<Lifecycle> {
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 })
  const { clock, log } = deps
  const ground = await composeGround(settings, deps)
  const index = composeIndexSide(settings, ground)
  const exchange = composeExchange(settings, ground, index)
  const selfTest = composeSelfTest(settings, ground, index, exchange)
  registerPeerProtocols(ground, index, exchange, selfTest)
  const web = await composeWeb(settings, ground, index, exchange)

  const loop = (name: string, everyMs: number, turn: (signal: AbortSignal) => Promise<unknown>) =>
    new Loop(
      { name },
      {
        turn: async (signal) => void (await turn(signal)),
        pause: (signal) => clock.sleep(everyMs, signal),
        onError: (error) => log.warn(`${name} failed`, { code: codeOf(error) }),
      },
    )
  const { reserve, store, studies, heads, auditLog, host, watch, enrolment } = ground
  const services: Service[] = [
    // Disk first: whatever comes after may write.
    reserve,
    store,
    studies,
    heads,
    auditLog,
    // Certificate and bundle before the first peer: nobody is admitted without them.
    { name: 'enrolment', start: () => joinNetwork(ground, { retryMs: 5000 }) },
    host,
    loop('bundle watch', settings.registry.refreshSeconds * 1000, () => watch.refresh()),
    loop('announcement', hourMs, (signal) => announce(settings, ground, signal)),
    loop('certificate renewal', hourMs, () => enrolment.renewWhenDue()),
    index.publisher,
    selfTest,
    index.antiEntropy,
    index.publication,
    exchange.runner,
    exchange.receipts,
    { name: 'routes', start: () => exchange.routes.resume() },
    // Doors last: they serve the moment they open.
    exchange.dimse,
    web.http,
    runtimeFile(settings, ground, web.caFile),
  ]
  return new Lifecycle(services, (service, error) =>
    log.error('service did not stop', { service, code: codeOf(error) }),
  )
}

/** spec 06 §2. While the registry is away others use the addresses of the last bundle, or ask the DHT. */
async function announce(
  { peer, mailboxes }: Settings,
  { enrolment, host, clock, log }: Ground,
  signal: AbortSignal,
): Promise<void> {
  const addresses = peer.announce.length > 0 ? peer.announce : host.multiaddrs().slice(0, 8)
  await untilHeard(() => enrolment.announce(addresses, mailboxes), { clock, log }, signal)
}

/** Where the node listens and which process it is, for scripts beside it. */
function runtimeFile(settings: Settings, { host }: Ground, caFile: string): Service {
  const file = join(settings.dataDir, 'runtime.json')
  const { web, dicom } = settings
  return {
    name: 'runtime file',
    start: () =>
      writeFileDurably(
        file,
        Buffer.from(
          JSON.stringify({
            url: `https://${web.host}:${web.port}`,
            pid: process.pid,
            peerId: host.peerId,
            multiaddrs: host.multiaddrs(),
            dicom: { host: dicom.host, port: dicom.port },
            caFile,
          }),
        ),
        { mode: 0o600 },
      ),
    stop: () => rm(file, { force: true }),
  }
}
