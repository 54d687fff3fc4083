import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { LogKey } from '@twiin/identity'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'
import type { Books } from '../ledger/books.ts'
import { foundNetwork } from '../log/found-network.ts'
import { LedgerGuard } from '../log/ledger-guard.ts'
import { logFiles } from '../log/log-files.ts'
import { logRoutes } from '../log/routes.ts'
import { WitnessKeeper } from '../log/tend-witnesses.ts'
import { TransparencyLog } from '../log/transparency-log.ts'
import { witnessRoutes } from '../log/witness-routes.ts'

/** The transparency log over the ledger: spec 11. */
export function composeLog(
  { trustDomain, dataDir, log: settings }: Settings,
  deps: { books: Books; key: LogKey; clock: Clock; log: Logger },
) {
  const { key } = deps
  const files = logFiles(dataDir)
  // spec 11 §3
  const identity = { origin: `${trustDomain}/log`, publicKey: key.publicKey }
  const founding: Service = {
    name: 'founding',
    start: () =>
      foundNetwork({ trustDomain, logKey: key.publicKey, foundingDays: settings.foundingDays }, deps),
  }
  const restoredWaitMs = settings.restoredWaitSeconds * 1000
  const guard = new LedgerGuard({ files, restoredWaitMs, identity }, deps)
  const signer = { publicKey: key.publicKey, sign: (text: Uint8Array) => key.signNote(text) }
  const { openMs, gatherMs, requestsPerMinute } = settings
  const transparency = new TransparencyLog({ identity, files, openMs, gatherMs }, { ...deps, guard, signer })
  const foundingGraceMs = settings.foundingGraceSeconds * 1000
  const witnesses = new WitnessKeeper({ foundingGraceMs }, { ...deps, transparency })
  const routes: FastifyPluginAsyncTypebox = async (app) => {
    for (const routesOf of [logRoutes, witnessRoutes])
      await app.register(routesOf({ requestsPerMinute }, { ...deps, transparency, guard }))
  }
  return { identity, founding, guard, transparency, witnesses, routes }
}
