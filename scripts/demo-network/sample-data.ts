import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance, SampleKind, SamplePatient } from '@twiin/dicom/testing'
import type { Hospital } from './hospitals.ts'

/** Who stands in the demo, and why. Nobody exists; a BSN that starts with 9999 is never given out. */
export interface DemoPatient {
  bsn: string
  name: string
  birthDate: string
  note: string
}

interface Registration extends Omit<SamplePatient, 'issuer'> {
  consent: boolean
}

interface PlannedStudy {
  /** Index of the hospital that has it. */
  at: number
  patient: Registration
  studyDate: string
  description: string
  series: readonly [SampleKind, count?: number][]
}

export interface DemoStudy {
  readonly planned: PlannedStudy
  readonly studyInstanceUid: string
  readonly instances: readonly SampleInstance[]
}

const anna = { bsn: '999990019', name: 'Voorbeeld^Anna', birthDate: '1958-03-21', sex: 'F' as const }
const bert = { bsn: '999990020', name: 'Zwijgzaam^Bert', birthDate: '1972-11-02', sex: 'M' as const }
const carla = { bsn: '999990032', name: 'Tweeling^Carla', birthDate: '1990-01-15', sex: 'F' as const }
const dirk = { bsn: '999990044', name: 'Dubbelganger^Dirk', birthDate: '1949-08-30', sex: 'M' as const }
const els = { bsn: '999990056', name: 'Verwisseld^Els', birthDate: '1961-04-12', sex: 'F' as const }

const annaAt = (id: string) => ({ ...anna, id, consent: true })
const elsAt = (id: string, birthDate = els.birthDate) => ({ ...els, id, birthDate, consent: true })
const nobody = {
  id: '100900',
  name: 'Onbekend^Spoed',
  birthDate: '1980-01-01',
  sex: 'O' as const,
  consent: false,
}
const sameNumber = '100200'

const plan: readonly PlannedStudy[] = [
  study(0, annaAt('100100'), '2018-03-02', 'X-thorax', [['CR']]),
  study(0, annaAt('100100'), '2024-05-14', 'CT thorax met contrast', [['CT', 12], ['SR']]),
  study(1, annaAt('700100'), '2021-01-20', 'Echo abdomen', [['US']]),
  study(1, annaAt('700100'), '2022-09-08', 'MRI hersenen', [['MR', 10], ['PDF']]),
  study(2, annaAt('300100'), '2016-06-21', 'X-knie rechts', [['CR']]),
  study(2, annaAt('300100'), '2023-11-30', 'CT abdomen', [['CT', 8]]),
  study(0, { ...bert, id: '100300', consent: false }, '2025-02-03', 'X-thorax', [['CR']]),
  study(0, { ...carla, id: sameNumber, consent: true }, '2023-04-11', 'CT sinussen', [['CT', 4]]),
  study(1, { ...dirk, id: sameNumber, consent: true }, '2020-10-05', 'X-heup links', [['CR']]),
  study(0, elsAt('100400'), '2022-02-17', 'MRI knie', [['MR', 4]]),
  study(1, elsAt('700400', '1961-12-04'), '2019-07-01', 'X-knie links', [['CR']]),
  study(0, nobody, '2025-06-30', 'X-enkel, identiteit onbekend', [['CR']]),
]

export const demoPatients: readonly DemoPatient[] = [
  person(anna, 'priors in three hospitals, from 2016 on; consent everywhere'),
  person(bert, 'no consent recorded: found nowhere'),
  person(carla, `number ${sameNumber} at the first hospital, as is Dirk's at the second; consent`),
  person(dirk, `number ${sameNumber} at the second hospital, as is Carla's at the first; consent`),
  person(els, 'registered with another birth date at the second hospital: held as PATIENT_CONFLICT; consent'),
]

/** What this hospital has. The same bytes every time. */
export function studiesOf(hospital: Hospital): DemoStudy[] {
  return plan
    .map((planned, number) => ({ planned, number }))
    .filter(({ planned }) => planned.at === hospital.index)
    .map(({ planned, number }) => make(planned, number, hospital))
}

function make(planned: PlannedStudy, number: number, hospital: Hospital): DemoStudy {
  const instances: SampleInstance[] = []
  for (const [kind, count] of planned.series) {
    const { consent: _, ...patient } = planned.patient
    const isReport = kind === 'SR' || kind === 'PDF'
    instances.push(
      ...sampleStudy({
        kind,
        patient: { ...patient, issuer: hospital.patientIdIssuer },
        studyDate: planned.studyDate,
        description: planned.description,
        institution: hospital.name,
        size: 192,
        seed: `demo/${number}`,
        ...(count === undefined ? {} : { instances: count }),
        ...(isReport ? { evidence: [...instances] } : {}),
      }),
    )
  }
  return { planned, instances, studyInstanceUid: instances[0]?.studyInstanceUid ?? '' }
}

function study(
  at: number,
  patient: Registration,
  studyDate: string,
  description: string,
  series: PlannedStudy['series'],
): PlannedStudy {
  return { at, patient, studyDate, description, series }
}

function person(patient: Omit<DemoPatient, 'note'>, note: string): DemoPatient {
  const { bsn, name, birthDate } = patient
  return { bsn, name, birthDate, note }
}
