/** Index time is whole days since the Unix epoch: coarse on purpose (spec 03 §3). */
export const dayMs = 86_400_000
export const dayOf = (instant: number): number => Math.floor(instant / dayMs)

/** `expires − issued` at the most. */
export const lifetimeDays = 90
/** A publisher renews an entry this long before it expires. */
export const renewBeforeDays = 30
/**
 * Every entry, tombstone or not, is remembered this long after it was issued: 30 days longer than anything issued before
 * it can live. Forgetting sooner would let a replay of an older one in.
 */
export const memoryDays = lifetimeDays + 30
