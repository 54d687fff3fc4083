import { entryBody } from '@twiin/protocol'
import { equalBytes } from './bytes.ts'
import { memoryDays, renewBeforeDays } from './days.ts'
import type { Placement } from './placement.ts'
import type { Publication, PublishedEntry, PublishedStudy } from './ports.ts'
import { deriveLocation, markOf, sealEntry, tombstone } from './sealed-entry.ts'
import type { EntryDeps } from './sealed-entry.ts'

export interface Wanted {
  readonly patientKey: string
  readonly token: Uint8Array
  readonly studies: readonly PublishedStudy[] | undefined
}

/**
 * A publication whose entries say what is wanted, today: sealed, renewed, moved to the current epoch, or ended by a
 * tombstone. The very same object when nothing has to change, so that nothing is published twice.
 */
export function restate(
  wanted: Wanted,
  standing: Publication | undefined,
  now: { placement: Placement; today: number },
  deps: EntryDeps,
): Publication | undefined {
  const { token, studies } = wanted
  const { today } = now
  const { epoch } = now.placement.view
  const home = deriveLocation(token, epoch)
  const isHome = (entry: PublishedEntry) => entry.epoch === epoch && equalBytes(entry.loc, home)
  const before = standing?.entries ?? []

  const entries = before
    .filter((entry) => now.placement.epochs.includes(entry.epoch))
    .filter((entry) => !(entry.tombstone && today > entry.issued + memoryDays))
    .map((entry) => {
      // An entry of the epoch before stays beside its successor: readers may still be there. One under another token
      // (the patient's BSN was corrected) goes.
      const stays = studies !== undefined && equalBytes(entry.loc, deriveLocation(token, entry.epoch))
      return entry.tombstone || stays ? entry : published(tombstone(next(entry, today), deps.signer))
    })
  if (studies !== undefined) {
    const at = entries.findIndex(isHome)
    const old = entries[at]
    const unchanged = standing?.studies !== undefined && sameStudies(standing.studies, studies)
    if (old === undefined || old.tombstone || !unchanged || isDue(old, today)) {
      const seq = (old?.seq ?? 0) + 1
      const fresh = published(sealEntry({ token, epoch, seq, issued: today }, studies, deps))
      entries.splice(at === -1 ? entries.length : at, at === -1 ? 0 : 1, fresh)
    }
  }
  const same =
    standing !== undefined &&
    equalBytes(standing.token, token) &&
    (standing.studies === undefined) === (studies === undefined) &&
    entries.length === before.length &&
    entries.every((entry, i) => entry === before[i])
  if (same) return standing
  return standing === undefined && entries.length === 0 ? undefined : { ...wanted, entries }
}

/** The same statement under a number above `seq`, after a replica proved that ours had been used (spec 03 §5). */
export function renumbered(
  publication: Publication,
  entry: PublishedEntry,
  seq: number,
  today: number,
  deps: EntryDeps,
): Publication {
  const target = { loc: entry.loc, epoch: entry.epoch, seq: seq + 1, issued: today }
  const fresh = published(
    entry.tombstone
      ? tombstone(target, deps.signer)
      : sealEntry({ ...target, token: publication.token }, publication.studies ?? [], deps),
  )
  return { ...publication, entries: publication.entries.map((each) => (each === entry ? fresh : each)) }
}

const next = ({ loc, epoch, seq }: PublishedEntry, today: number) => ({
  loc,
  epoch,
  seq: seq + 1,
  issued: today,
})

/** Near its end, or from a clock that was ahead: replicas would not take that one. */
const isDue = (entry: PublishedEntry, today: number) =>
  entry.expires - today <= renewBeforeDays || entry.issued > today + 1

function published(entry: PublishedEntry['entry']): PublishedEntry {
  const { publisher: _, ...mark } = markOf(entry)
  return { ...mark, entry, storedBy: [] }
}

function sameStudies(a: readonly PublishedStudy[], b: readonly PublishedStudy[]): boolean {
  const encode = (studies: readonly PublishedStudy[]) =>
    entryBody.encode({ studies: [...studies], more: false })
  return a === b || equalBytes(encode(a), encode(b))
}
