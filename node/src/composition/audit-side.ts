import type { AuditLog } from '@twiin/audit'
import type { PeerHost } from '@twiin/network'
import type { NodeKey } from '@twiin/identity'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Store } from '@twiin/store'
import type { Account } from '../account/account.ts'
import { ChainCheck } from '../account/chain-check.ts'
import { AnchorWitness } from '../anchor/anchor-witness.ts'
import type { SeenOfPeer } from '../anchor/anchor-witness.ts'
import { Anchoring } from '../anchor/anchoring.ts'
import { KeptHeads } from '../anchor/kept-heads.ts'
import type { KeptHead } from '../anchor/kept-heads.ts'
import { SyslogSender } from '../audit-export/syslog-sender.ts'
import { AuditReviews } from '../audit-review/audit-reviews.ts'
import type { Verdict } from '../audit-review/audit-reviews.ts'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { AnswerDealings } from '../dealings/answer-dealings.ts'
import { DayDealings } from '../dealings/day-dealings.ts'
import { Reconciling } from '../dealings/reconciling.ts'
import type { Difference } from '../dealings/reconciling.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import { verifyByPeerId } from '../trust/trust.ts'

interface Deps {
  store: Store
  auditLog: AuditLog
  account: Account
  bundle: NetworkBundle
  host: PeerHost
  key: NodeKey
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

/** What makes the log worth believing to others: heads that they sign, two accounts that are compared, reviews, copies. */
export function composeAudit({ audit }: Pick<Settings, 'audit'>, deps: Deps) {
  const { store, auditLog, account, bundle, host, key, clock, log, random } = deps
  const plain = { keys: 'plain-opaque' } as const
  const verify = verifyByPeerId
  const others = () =>
    bundle.version === 0
      ? []
      : bundle.current.members.filter(
          ({ peerId }) => peerId !== key.peerId && bundle.cutOf(peerId) === undefined,
        )
  const kept = new KeptHeads(
    { peerId: key.peerId },
    { kept: store.repository<KeptHead>(buckets.auditHeads, plain), verify },
  )
  const anchorWitness = new AnchorWitness({
    ...{ store, signer: key, verify, clock, account, log },
    seen: store.repository<SeenOfPeer>(buckets.seenHeads, plain),
    isMember: (peerId) => bundle.member(peerId) !== undefined,
  })
  const anchoring = new Anchoring(
    { everyMs: audit.anchorMinutes * 60_000 },
    {
      ...{ log: auditLog, kept, host, signer: key, verify, clock, logger: log, random },
      others: () => others().map(({ peerId }) => peerId),
    },
  )
  const dealings = new DayDealings({ log: auditLog, clock })
  const answerDealings = new AnswerDealings({
    ...{ dealings, clock },
    uraOf: (peerId) => bundle.member(peerId)?.ura,
  })
  const reconciling = new Reconciling(
    { everyMs: audit.compareMinutes * 60_000 },
    {
      ...{ dealings, others, host, account, clock, log, random },
      differences: store.repository<Difference>(buckets.accountDifferences, plain),
    },
  )
  const reviews = new AuditReviews({
    ...{ log: auditLog, account, clock },
    verdicts: store.repository<Verdict>(buckets.auditReviews, plain),
  })
  const chain = new ChainCheck({ log: auditLog, kept, alarm: () => anchoring.alarm })
  const position = store.repository<number>(buckets.auditSyslog, plain)
  const syslog =
    audit.syslog === undefined
      ? undefined
      : new SyslogSender(audit.syslog, { log: auditLog, position, clock, logger: log, random })
  const services: Service[] = [anchoring, reconciling, ...(syslog === undefined ? [] : [syslog])]
  return { kept, anchorWitness, anchoring, answerDealings, reconciling, reviews, chain, syslog, services }
}
