import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { BundleWatch } from '../trust/bundle-watch.ts'
import type { Enrolment } from './enrol.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'

/**
 * Resolves when this node has a certificate and a network bundle (J1). After the first time both are on disk and the
 * registry is not needed; before it, the node waits for the registry. Throws what waiting cannot mend.
 */
export async function joinNetwork(
  deps: { enrolment: Enrolment; bundle: NetworkBundle; watch: BundleWatch; clock: Clock; log: Logger },
  options: { retryMs: number },
): Promise<void> {
  const { enrolment, bundle, watch, clock, log } = deps
  await bundle.load()
  for (;;) {
    try {
      await enrolment.ensure()
      break
    } catch (error) {
      if (codeOf(error) !== 'REGISTRY_UNREACHABLE') throw error
      log.warn('not enrolled yet: registry not reached')
      await clock.sleep(options.retryMs)
    }
  }
  while (bundle.version === 0) {
    await watch.refresh()
    if (bundle.version === 0) await clock.sleep(options.retryMs)
  }
}
