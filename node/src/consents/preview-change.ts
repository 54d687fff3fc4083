import { decideConsent, mayPublish, scopeKey } from '@twiin/consent'
import type { ConsentRecord, OrganisationCategory, PatientAge } from '@twiin/consent'
import type { IndexChoice } from './shieldings.ts'

/** What is recorded of a patient. */
export interface Recorded {
  readonly records: readonly ConsentRecord[]
  /** How the index shows a shielded patient; undefined when not shielded. */
  readonly shielding: IndexChoice | undefined
}

/** What else it depends on. */
export interface Circumstances {
  readonly age: PatientAge
  readonly studies: number
  /** It is in doubt whose the studies are: nothing is shown. */
  readonly conflict: boolean
  readonly members: readonly { ura: string; name: string; category: OrganisationCategory }[]
}

export type Entry = 'listed' | 'pointer' | 'none'
/** `registered`: only with a registered treatment relation. */
export type Sight = 'yes' | 'registered' | 'no'

/** What a change would do, before it is made (spec 08 §9): to the entry in the index, and to who could see the patient. */
export function previewChange(before: Recorded, after: Recorded, around: Circumstances) {
  return {
    entry: { before: entryOf(before, around), after: entryOf(after, around) },
    studies: around.studies,
    members: around.members.map(({ ura, name, category }) => ({
      ...{ ura, name },
      before: sightOf(before, { ura, category }, around),
      after: sightOf(after, { ura, category }, around),
    })),
  }
}

/** The records as they would be with one more. */
export function withRecord(records: readonly ConsentRecord[], record: ConsentRecord): ConsentRecord[] {
  const same = records.filter(
    (one) => one.source === record.source && scopeKey(one.scope) === scopeKey(record.scope),
  )
  const last = Math.max(0, ...same.map(({ recordedAt }) => recordedAt))
  return [...records, { ...record, recordedAt: Math.max(record.recordedAt, last + 1) }]
}

function entryOf({ records, shielding }: Recorded, { age, studies, conflict }: Circumstances): Entry {
  if (studies === 0 || conflict || mayPublish(records, age).decision === 'deny') return 'none'
  if (shielding === undefined) return 'listed'
  return shielding === 'pointer' ? 'pointer' : 'none'
}

function sightOf(
  { records, shielding }: Recorded,
  requester: { ura: string; category: OrganisationCategory },
  { age, conflict }: Circumstances,
): Sight {
  if (conflict || decideConsent(records, requester, age).decision === 'deny') return 'no'
  return shielding === undefined ? 'yes' : 'registered'
}
