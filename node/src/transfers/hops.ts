/** Where a study has been on its way (spec 17 §3), in this order. */
export const hopNames = [
  'received',
  'queued',
  'offered',
  'fetched',
  'filed',
  'delivered',
  'committed',
  'receipt',
] as const
export type HopName = (typeof hopNames)[number]

/** When each was reached, in milliseconds since the Unix epoch. */
export type Hops = Readonly<Partial<Record<HopName, number>>>

/** The first time counts: what is done again after a restart was reached before. */
export function reached(record: { readonly hops?: Hops }, hop: HopName, at: number): { hops: Hops } {
  return { hops: { ...record.hops, [hop]: record.hops?.[hop] ?? at } }
}
