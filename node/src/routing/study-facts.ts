import { headSizes } from '@twiin/dicom'
import type { HeadReader } from '@twiin/dicom'
import { codeOf } from '@twiin/runtime'
import type { InstanceRecord, StudyRecord, StudyStore } from '@twiin/study-store'
import type { StudyFacts } from './judge-rules.ts'

type Studies = Pick<StudyStore, 'copiesOf' | 'instances' | 'readDataSet'>

/** What rules ask of a study that is here; the department stands in the images only. */
export async function factsOf(
  study: StudyRecord,
  { studies, heads }: { studies: Studies; heads: HeadReader },
): Promise<StudyFacts> {
  const { modalities, bodyParts, description, origin, studyInstanceUid } = study
  const copies = await studies.copiesOf(studyInstanceUid)
  const local = origin.kind === 'local' ? origin : { callingAe: '', calledAe: '' }
  return {
    ...{ modalities, bodyParts, description },
    department: await departmentOf(study, { studies, heads }),
    ...{ callingAe: local.callingAe, calledAe: local.calledAe },
    isFromElsewhere: copies.some((copy) => copy.origin.kind === 'remote'),
  }
}

async function departmentOf(
  { handle }: StudyRecord,
  { studies, heads }: { studies: Studies; heads: HeadReader },
): Promise<string> {
  for await (const instance of studies.instances(handle)) {
    const head = await headOf(instance, { studies, heads })
    return head?.department ?? ''
  }
  return ''
}

async function headOf(instance: InstanceRecord, { studies, heads }: { studies: Studies; heads: HeadReader }) {
  for (const size of headSizes) {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of studies.readDataSet(instance)) {
      chunks.push(chunk)
      length += chunk.byteLength
      if (length >= size) break
    }
    const head = Buffer.concat(chunks).subarray(0, size)
    try {
      const { transferSyntaxUid } = instance
      return await heads.read({ transferSyntaxUid, head, complete: head.byteLength === instance.size })
    } catch (error) {
      // It was read when it came in; what cannot be read now has no department.
      if (codeOf(error) !== 'DICOM_HEAD_TOO_SHORT') return undefined
    }
  }
  return undefined
}
