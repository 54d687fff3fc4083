import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { BundleWatch } from '../trust/bundle-watch.ts'
import type { NetworkView } from '../trust/network-view.ts'
import type { Enrolment } from './enrol.ts'

/** What the first evidence may take; it goes on without. */
const evidenceWaitMs = 10_000

/**
 * Resolves when this node has a certificate and a network bundle (J1). After the first time both are on disk and the
 * registry is not needed; before it, the node waits for the registry. Throws what waiting cannot mend.
 */
export async function joinNetwork(
  deps: { enrolment: Enrolment; view: NetworkView; watch: BundleWatch; clock: Clock; log: Logger },
  options: { retryMs: number },
): Promise<void> {
  const { enrolment, view, watch, clock, log } = deps
  await view.load()
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
  while (view.bundle.version === 0) {
    await watch.refresh()
    if (view.bundle.version === 0) await clock.sleep(options.retryMs)
  }
  if (enrolment.isConvincing) return
  // Nobody admits a node without it; a minute later it would come by itself.
  await enrolment.tend(AbortSignal.timeout(evidenceWaitMs)).catch((error: unknown) => {
    log.warn('no evidence that the certificate is logged yet', { code: codeOf(error) })
  })
}
