import { headSizes } from '@twiin/dicom'
import type { HeadReader } from '@twiin/dicom'
import { codeOf } from '@twiin/runtime'
import type { InstanceRecord, StudyRecord, StudyStore } from '@twiin/study-store'
import type { StudyFacts } from './judge-rules.ts'

type Studies = Pick<StudyStore, 'copiesOf' | 'instances' | 'readDataSet'>

/** What rules ask of a study that is here; departments and priority stand in the images only. */
export async function factsOf(
  study: StudyRecord,
  { studies, heads }: { studies: Studies; heads: HeadReader },
): Promise<StudyFacts> {
  const { modalities, bodyParts, description, origin, studyInstanceUid } = study
  const copies = await studies.copiesOf(studyInstanceUid)
  const local = origin.kind === 'local' ? origin : { callingAe: '', calledAe: '' }
  return {
    ...{ modalities, bodyParts, description },
    ...(await requestOf(study, { studies, heads })),
    ...{ callingAe: local.callingAe, calledAe: local.calledAe },
    isFromElsewhere: copies.some((copy) => copy.origin.kind === 'remote'),
  }
}

type Request = Pick<StudyFacts, 'department' | 'referringDepartment' | 'priority'>

async function requestOf(
  { handle }: StudyRecord,
  deps: { studies: Studies; heads: HeadReader },
): Promise<Request> {
  for await (const instance of deps.studies.instances(handle)) {
    // What asks for the image stands far into it; of one where that cannot be reached the rest still counts.
    const head = (await headOf(instance, deps, true)) ?? (await headOf(instance, deps, false))
    const { department = '', referringDepartment = '', priority = '' } = head ?? {}
    return { department, referringDepartment, priority }
  }
  return { department: '', referringDepartment: '', priority: '' }
}

async function headOf(
  instance: InstanceRecord,
  { studies, heads }: { studies: Studies; heads: HeadReader },
  request: boolean,
) {
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
      return await heads.read({
        transferSyntaxUid,
        head,
        complete: head.byteLength === instance.size,
        request,
      })
    } catch (error) {
      // It was read when it came in; what cannot be read now has no department.
      if (codeOf(error) !== 'DICOM_HEAD_TOO_SHORT') return undefined
    }
  }
  return undefined
}
