import { Proofs } from '../proof/proofs.ts'
import type { Exchange } from './exchange.ts'
import type { Ground } from './ground.ts'

/** What was signed of a study, put together when it is asked for (spec 22). */
export function composeProofs(ground: Ground, { book, fetcher }: Pick<Exchange, 'book' | 'fetcher'>): Proofs {
  const { self, rootCertificate, bundle, credentials, clock } = ground
  return new Proofs({ self, rootCertificate }, { book, fetcher, bundle, credentials, clock })
}
