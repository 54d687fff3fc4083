import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance, SampleKind, SamplePatient } from '@twiin/dicom/testing'

/** Test BSNs that pass the eleven test and that no demo patient has. */
export const unusedBsns = [
  '999990068',
  '999990081',
  '999990093',
  '999990111',
  '999990123',
  '999990135',
] as const

/** A study of somebody whom no hospital of the demo knows yet. Equal seeds give equal studies. */
export function newStudy(options: {
  seed: string
  bsn?: string
  kind?: SampleKind
  instances?: number
  size?: number
  patient?: Partial<SamplePatient>
}): SampleInstance[] {
  const { seed, bsn, instances, size = 128, kind = 'CT' } = options
  return sampleStudy({
    kind,
    seed: `journey/${seed}`,
    size,
    studyDate: '2025-05-05',
    description: 'CT test',
    institution: 'Ziekenhuis Proef (fictief)',
    patient: {
      id: `P-${seed}`.slice(0, 20),
      name: 'Proef^Petra',
      birthDate: '1970-07-07',
      sex: 'F',
      ...(bsn === undefined ? {} : { bsn }),
      ...options.patient,
    },
    ...(instances === undefined ? {} : { instances }),
  })
}

export const studyUidOf = (instances: readonly SampleInstance[]): string =>
  instances[0]?.studyInstanceUid ?? ''
