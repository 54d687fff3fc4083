import { Backoff, codeOf, Loop } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Enrolment } from './enrol.ts'

const pauseMs = 60_000
const backoff = { firstMs: 4000, mostMs: 600_000 }

/** Looks after certificate and evidence: every minute, and at once when a bundle came that may have other witnesses. */
export function tendCertificate(deps: {
  enrolment: Pick<Enrolment, 'tend'>
  bundle: Pick<NetworkBundle, 'onChange'>
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}): Loop {
  const { enrolment, bundle, clock, log, random } = deps
  const waits = new Backoff(backoff, { random })
  let pause = pauseMs
  let wake = () => {}
  /** A bundle came since the last look began: also one that comes during a look asks for another. */
  let isDue = false
  bundle.onChange(() => {
    isDue = true
    wake()
  })
  return new Loop(
    { name: 'certificate' },
    {
      turn: async (signal) => {
        isDue = false
        await enrolment.tend(signal)
        waits.reset()
        pause = pauseMs
      },
      pause: async (signal) => {
        if (isDue) return
        const woken = new AbortController()
        wake = () => woken.abort()
        await clock.sleep(pause, AbortSignal.any([signal, woken.signal]))
      },
      onError: (error) => {
        pause = waits.next()
        log.warn('certificate not tended', { code: codeOf(error), nextInSeconds: Math.ceil(pause / 1000) })
      },
    },
  )
}
