import type { StoredEntry } from './ports.ts'

/**
 * Which of two entries of one publisher at one location stands: positive when `a` does, 0 when they are the same.
 * A total order, so that replicas agree whatever came first. Of one number, which a publisher whose state was restored
 * can give twice, the tombstone stands: a withdrawal must win a tie.
 */
export function compareEntries(a: StoredEntry, b: StoredEntry): number {
  return (
    a.mark.seq - b.mark.seq ||
    Number(a.mark.tombstone) - Number(b.mark.tombstone) ||
    Buffer.compare(a.entry.header, b.entry.header) ||
    Buffer.compare(a.entry.body, b.entry.body)
  )
}
