import type { TreatmentRelation } from '@twiin/consent'
import type { Bsn } from '@twiin/patient-token'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { LocalPatients } from '../patients/local-patients.ts'

/** Whether this hospital's own records show that it treats a patient, or only its user says so (spec 08 §6). */
export class TreatmentRelations {
  readonly #administration: Pick<LocalPatients, 'byBsn'>
  readonly #patients: Pick<OwnPatients, 'studiesOf'>

  constructor(deps: {
    administration: Pick<LocalPatients, 'byBsn'>
    patients: Pick<OwnPatients, 'studiesOf'>
  }) {
    this.#administration = deps.administration
    this.#patients = deps.patients
  }

  async of(bsn: Bsn): Promise<TreatmentRelation> {
    if ((await this.#administration.byBsn(bsn)).length > 0) return 'registered'
    return (await this.#patients.studiesOf(bsn)).length > 0 ? 'registered' : 'stated'
  }
}
