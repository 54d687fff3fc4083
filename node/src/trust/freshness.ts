const hourMs = 3_600_000

/** How old the bundle may be, by its `issuedAt`: spec 11 §8, ADR 0016. */
export const freshnessLimits = {
  staleMs: 4 * hourMs,
  newcomersMs: 24 * hourMs,
  expiredMs: 14 * 24 * hourMs,
} as const

export type FreshnessState = 'fresh' | 'BUNDLE_STALE' | 'NO_NEWCOMERS' | 'BUNDLE_EXPIRED'

export interface Freshness {
  readonly state: FreshnessState
  /** Since when it is so, milliseconds since the Unix epoch; absent while fresh. */
  readonly since?: number
  /** When the next state begins if no newer bundle comes; absent when there is none. */
  readonly until?: number
}

/** What a bundle of that date is worth now. The only place where this is decided; both in milliseconds. */
export function freshnessOf(issuedAt: number, now: number): Freshness {
  const [stale, newcomers, expired] = [
    issuedAt + freshnessLimits.staleMs,
    issuedAt + freshnessLimits.newcomersMs,
    issuedAt + freshnessLimits.expiredMs,
  ]
  if (now <= stale) return { state: 'fresh', until: stale }
  if (now <= newcomers) return { state: 'BUNDLE_STALE', since: stale, until: newcomers }
  if (now <= expired) return { state: 'NO_NEWCOMERS', since: newcomers, until: expired }
  return { state: 'BUNDLE_EXPIRED', since: expired }
}
