import { Backoff, codeOf, fractionOf, Loop } from '@twiin/runtime'
import type { Service } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'
import { announce } from '../enrolment/announce.ts'
import { tendCertificate } from '../enrolment/tend-certificate.ts'
import { untilHeard } from '../enrolment/until-heard.ts'
import type { Ground } from './ground.ts'

const hourMs = 3_600_000
/** How often it is looked at what time alone changes: certificates run out, a bundle gets old, a file is removed. */
const reviewMs = 15_000
const idleMs = 2000

/** What keeps this node in the network, in the background, once it has joined. */
export function trustLoops(settings: Settings, ground: Ground): Service[] {
  const { watch, gossip, clock, log, bundle, enrolment, random } = ground
  const refreshMs = settings.registry.refreshSeconds * 1000
  const onError = (name: string) => (error: unknown) => log.warn(`${name} failed`, { code: codeOf(error) })
  let mayGoOn = false
  const bundleWatch = new Loop(
    { name: 'bundle watch' },
    {
      turn: async (signal) => void (mayGoOn = await watch.refresh({ signal })),
      pause: async (signal) => {
        if (!mayGoOn) await clock.sleep(refreshMs * (0.75 + fractionOf(random) / 2), signal)
      },
      onError: onError('bundle watch'),
    },
  )
  const announcement = new Loop(
    { name: 'announcement' },
    {
      turn: (signal) => announceAddresses(settings, ground, signal),
      pause: (signal) => clock.sleep(hourMs, signal),
      onError: onError('announcement'),
    },
  )
  const certificate = tendCertificate({ enrolment, bundle, clock, log, random })
  return [bundleWatch, gossip, witnessLoop(ground), reviewLoop(ground), announcement, certificate]
}

/** spec 11 §4 */
function witnessLoop({ witness, clock, log, random }: Ground): Loop {
  const waits = new Backoff({ firstMs: 1000, mostMs: 60_000 }, { random })
  let pauseMs = 0
  return new Loop(
    { name: 'witness' },
    {
      turn: async (signal) => {
        pauseMs = (await witness.turn(signal)) ? 0 : idleMs
        waits.reset()
      },
      pause: async (signal) => {
        if (pauseMs > 0) await clock.sleep(pauseMs, signal)
      },
      onError: (error) => {
        pauseMs = waits.next()
        log.warn('log not witnessed', { code: codeOf(error), nextInSeconds: Math.ceil(pauseMs / 1000) })
      },
    },
  )
}

function reviewLoop({ logView, sweep, clock, log }: Ground): Loop {
  return new Loop(
    { name: 'trust review' },
    {
      turn: async () => {
        await logView.review()
        sweep()
      },
      pause: (signal) => clock.sleep(reviewMs, signal),
      onError: (error) => log.error('trust not reviewed', { code: codeOf(error) }),
    },
  )
}

/** spec 06 §2. While the registry is away others use the addresses of the last bundle, or ask the DHT. */
async function announceAddresses(
  { peer, mailboxes }: Settings,
  { key, registry, host, clock, log }: Ground,
  signal: AbortSignal,
): Promise<void> {
  const addresses = peer.announce.length > 0 ? peer.announce : host.multiaddrs().slice(0, 8)
  await untilHeard(() => announce({ addresses, mailboxes }, { key, clock, registry }), { clock, log }, signal)
}
