import { keyObjectSelection, readKeyObjects, rejectionTitles } from '@twiin/dicom'
import type { KeyObjects, RejectionTitle } from '@twiin/dicom'
import type { InstanceRecord, Owner, StudyStore } from '@twiin/study-store'

export const isKeyObjects = ({ sopClassUid }: { sopClassUid: string }) => sopClassUid === keyObjectSelection

/** A note that takes instances back: what it names, and why. */
export interface RejectionNote {
  title: RejectionTitle
  reason: string
  /** By study, SOP Instance UIDs. */
  rejected: ReadonlyMap<string, readonly string[]>
}

/** Undefined when these key objects take nothing back. Throws `REPORT_TOO_LARGE`, `DICOM_UNREADABLE`. */
export async function readRejectionNote(
  instance: InstanceRecord,
  studies: Pick<StudyStore, 'readDataSet'>,
): Promise<RejectionNote | undefined> {
  const { transferSyntaxUid, size } = instance
  const keyObjects = await readKeyObjects({ transferSyntaxUid, size, dataSet: studies.readDataSet(instance) })
  const title = titleOf(keyObjects)
  if (title === undefined) return undefined
  const byStudy = Map.groupBy(keyObjects.references, ({ studyInstanceUid }) => studyInstanceUid)
  return {
    title,
    reason: keyObjects.lines
      .map(({ text }) => text.replace(/^Key Object Description: /, ''))
      .join(', ')
      .slice(0, 500),
    rejected: new Map([...byStudy].map(([study, refs]) => [study, refs.map((ref) => ref.sopInstanceUid)])),
  }
}

/** Hides what the note names in copies of its own owner, and the note (spec 20 §5). Resolves to how many it hid. */
export async function applyRejectionNote(
  note: RejectionNote,
  { instance, studyInstanceUid, owner }: { instance: InstanceRecord; studyInstanceUid: string; owner: Owner },
  studies: Pick<StudyStore, 'reject'>,
): Promise<number> {
  const why = { title: rejectionTitles[note.title].value, note: instance.sopInstanceUid }
  let hidden = 0
  for (const [study, uids] of note.rejected)
    hidden += await studies.reject({ studyInstanceUid: study, owner }, uids, why)
  await studies.reject({ studyInstanceUid, owner }, [instance.sopInstanceUid], why)
  return hidden
}

function titleOf({ title }: KeyObjects): RejectionTitle | undefined {
  if (title?.scheme !== 'DCM') return undefined
  const entries = Object.entries(rejectionTitles) as [RejectionTitle, { value: string }][]
  return entries.find(([, { value }]) => value === title.value)?.[0]
}
