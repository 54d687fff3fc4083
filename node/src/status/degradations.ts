import type { Clock } from '@twiin/runtime'
import type { Enrolment } from '../enrolment/enrol.ts'
import type { BundleWatch } from '../trust/bundle-watch.ts'
import { freshnessOf } from '../trust/freshness.ts'
import type { LogView } from '../trust/log-view.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Witness } from '../trust/witness.ts'
import { shareDegradations } from './share-health.ts'
import type { ShareSources } from './share-health.ts'

/** What is not as it should be, and what this node does about it. Instants in milliseconds since the Unix epoch. */
export interface Degradation {
  readonly code: string
  readonly since?: number
  /** When it gets worse: the next state of the bundle begins, the certificate ends. */
  readonly until?: number
  /** `soft`: an alarm, this node goes on with everybody. `hard`: something it refuses altogether. */
  readonly decision: 'soft' | 'hard'
  /** The code of what keeps going wrong, where there is one. */
  readonly reason?: string
}

interface Sources {
  enrolment: Pick<Enrolment, 'hasExpired' | 'failing' | 'isConvincing'> & {
    readonly certificate: {
      readonly notBefore: number
      readonly notAfter: number
      readonly peerId: string
      readonly serial: string
    }
  }
  bundle: Pick<NetworkBundle, 'version' | 'restrictedSince' | 'cutOf' | 'member'> & {
    readonly current: { readonly issuedAt: number }
  }
  watch: Pick<BundleWatch, 'state'>
  logView: Pick<LogView, 'distrust'>
  witness: Pick<Witness, 'alarm'>
  /** The receiver of the log, where there is one. */
  syslog?: { readonly failing: { readonly code: string; readonly since: number } | undefined } | undefined
  /** Where else patients say who may see what, where that is asked (spec 08 §8). */
  mitz?: { readonly unanswered: { readonly since: number; readonly lastAt: number } | undefined } | undefined
  anchoring: {
    readonly alarm: { readonly code: string; readonly since: number } | undefined
    readonly unanchored?: { readonly code: string; readonly since: number } | undefined
  }
  /** Where the settings know of shares. */
  shares?: ShareSources | undefined
  clock: Pick<Clock, 'now'>
}

/** What mostly passes by itself is no alarm yet: a registry that is restarted, cosignatures that are on their way. */
const graceMs = 60_000

/** Everything that is degraded now, the gravest kind of each first. Spec 11 §8. */
export function degradations(sources: Sources): Degradation[] {
  return [
    ...ofStanding(sources),
    ...ofBundle(sources),
    ...ofLog(sources),
    ...ofCertificate(sources),
    ...ofRegistry(sources),
    ...ofAudit(sources),
    ...ofConsentSource(sources),
    ...(sources.shares === undefined ? [] : shareDegradations(sources.shares)),
  ]
}

/** The others have cut this node, by the bundle that it holds itself: it has to say so, or nobody here knows. */
function ofStanding({ bundle, enrolment: { certificate } }: Sources): Degradation[] {
  const state = bundle.cutOf(certificate.peerId, certificate.serial)
  if (state === undefined) {
    // Not passed yet, or nobody to be tested against: until then nobody exchanges with it.
    const isTesting = bundle.member(certificate.peerId)?.state === 'testing'
    return isTesting ? [{ code: 'MEMBER_TESTING', decision: 'soft' }] : []
  }
  return [{ code: state === 'suspended' ? 'NODE_SUSPENDED' : 'NODE_REVOKED', decision: 'hard' }]
}

function ofBundle({ bundle, clock }: Sources): Degradation[] {
  if (bundle.version === 0) return []
  const { state, ...times } = freshnessOf(bundle.current.issuedAt, clock.now())
  const isHard = state === 'BUNDLE_EXPIRED'
  const { restrictedSince: since = clock.now() } = bundle
  return [
    ...(state === 'fresh' ? [] : [{ code: state, ...times, decision: isHard ? 'hard' : 'soft' } as const]),
    // Revocations that no witness has seen: whoever makes them holds the issuing key, or the witnesses are away.
    ...(clock.now() - since < graceMs
      ? []
      : [{ code: 'BUNDLE_UNCOSIGNED', since, decision: 'soft' } as const]),
  ]
}

function ofLog({ logView, witness }: Sources): Degradation[] {
  const { distrust } = logView
  return [
    ...(distrust === undefined
      ? []
      : [{ code: 'LOG_EQUIVOCATION', since: distrust.since, decision: 'soft' } as const]),
    ...(witness.alarm === undefined ? [] : [{ ...witness.alarm, decision: 'soft' } as const]),
  ]
}

function ofCertificate({ enrolment, clock }: Sources): Degradation[] {
  const { notBefore, notAfter } = enrolment.certificate
  const { failing } = enrolment
  if (enrolment.hasExpired) return [{ code: 'CERTIFICATE_EXPIRED', since: notAfter, decision: 'hard' }]
  const lastThird = notAfter - (notAfter - notBefore) / 3
  return [
    ...(clock.now() < lastThird
      ? []
      : [{ code: 'CERTIFICATE_ENDING', since: lastThird, until: notAfter, decision: 'soft' } as const]),
    ...(failing === undefined ? [] : [renewalFailing(failing, notAfter)]),
    ...(enrolment.isConvincing ? [] : [{ code: 'EVIDENCE_MISSING', decision: 'soft' } as const]),
  ]
}

function renewalFailing(
  { code: reason, since }: { code: string; since: number },
  until: number,
): Degradation {
  return { code: 'RENEWAL_FAILING', since, until, decision: 'soft', reason }
}

function ofRegistry({ watch, clock }: Sources): Degradation[] {
  const { silentSince, refusedSince } = watch.state
  return [
    ...(silentSince === undefined || clock.now() - silentSince < graceMs
      ? []
      : [{ code: 'REGISTRY_AWAY', since: silentSince, decision: 'soft' } as const]),
    ...(refusedSince === undefined
      ? []
      : [{ code: 'BUNDLE_REFUSED', since: refusedSince, decision: 'soft' } as const]),
  ]
}

/** Other members saw another audit log than this one, or nobody sees it any more (spec 07 §8). */
function ofAudit({ anchoring: { alarm, unanchored }, syslog, clock }: Sources): Degradation[] {
  const away = syslog?.failing
  return [
    ...(alarm === undefined ? [] : [{ code: alarm.code, since: alarm.since, decision: 'soft' } as const]),
    ...(unanchored === undefined ? [] : [{ ...unanchored, decision: 'soft' } as const]),
    ...(away === undefined || clock.now() - away.since < graceMs
      ? []
      : [{ code: 'AUDIT_RECEIVER_AWAY', since: away.since, reason: away.code, decision: 'soft' } as const]),
  ]
}

/** One question that had no answer says little: they have to go on having none. */
function ofConsentSource({ mitz }: Sources): Degradation[] {
  const { since, lastAt } = mitz?.unanswered ?? { since: 0, lastAt: 0 }
  return lastAt - since < graceMs ? [] : [{ code: 'CONSENT_SOURCE_AWAY', since, decision: 'soft' }]
}
