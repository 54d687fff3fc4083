import { citizenNumberCandidates } from '@twiin/dicom'
import type { InstanceHead } from '@twiin/dicom'
import type { LocalPatient, PatientFacts } from './records.ts'

/** A local patient as stored: with every citizen number ever stated under his local number. */
export type StoredPatient = PatientFacts & { conflict: boolean }

/** More distinct numbers than this say nothing more than that something is wrong. */
const maxCitizenNumbers = 8
const maxName = 1024

export function patientFacts(
  head: Pick<InstanceHead, 'patientName' | 'birthDate' | 'sex'> &
    Parameters<typeof citizenNumberCandidates>[0],
  citizenNumbers?: readonly string[],
): PatientFacts {
  const numbers = citizenNumbers ?? citizenNumberCandidates(head, { acceptLegacyOtherPatientIds: false })
  return {
    localId: head.patientId?.id ?? '',
    issuer: head.patientId?.issuer ?? head.patientId?.issuerOid ?? '',
    name: head.patientName.slice(0, maxName),
    birthDate: head.birthDate ?? '',
    sex: head.sex ?? '',
    citizenNumbers: distinctNumbers(numbers),
  }
}

/** True when these cannot be taken for one person. What is not stated contradicts nothing; names may change. */
export function contradict(one: PatientFacts, other: PatientFacts): boolean {
  const differ = (a: string, b: string) => a !== '' && b !== '' && a !== b
  return (
    differ(one.localId, other.localId) ||
    differ(one.issuer, other.issuer) ||
    differ(one.birthDate, other.birthDate) ||
    differ(one.citizenNumbers.join(), other.citizenNumbers.join())
  )
}

/** `first`, with what it leaves open taken from `second`, and the citizen numbers of both. */
export function fillIn(first: PatientFacts, second: PatientFacts): PatientFacts {
  return {
    localId: first.localId || second.localId,
    issuer: first.issuer || second.issuer,
    name: first.name || second.name,
    birthDate: first.birthDate || second.birthDate,
    sex: first.sex || second.sex,
    citizenNumbers: distinctNumbers([...first.citizenNumbers, ...second.citizenNumbers]),
  }
}

export function mergePatient(known: StoredPatient | undefined, facts: PatientFacts): StoredPatient {
  if (known === undefined) return { ...facts, conflict: false }
  const conflict = known.conflict || contradict(known, facts)
  return { ...fillIn(known, facts), name: facts.name || known.name, conflict }
}

export function toLocalPatient({ citizenNumbers, ...patient }: StoredPatient): LocalPatient {
  const [only, ...others] = citizenNumbers
  return { ...patient, ...(only !== undefined && others.length === 0 ? { citizenNumber: only } : {}) }
}

function distinctNumbers(numbers: readonly string[]): string[] {
  return [...new Set(numbers)]
    .filter((number) => number.length <= 32)
    .sort()
    .slice(0, maxCitizenNumbers)
}
