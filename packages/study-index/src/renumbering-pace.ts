/** Pause after the first renumbering of a patient, doubled each time, and the longest. */
const firstPauseMs = 1000
const longestPauseMs = 15 * 60_000

/**
 * How soon the entries of one patient may get other numbers again. After a restored backup replicas may show several
 * lost entries one after another; an honest one shows the highest at once. Spec 03 §5.
 */
export class RenumberingPace {
  readonly #patients = new Map<string, { times: number; notBefore: number }>()

  /** True when it may begin now; then it counts. */
  begins(patientKey: string, now: number): boolean {
    const { times, notBefore } = this.#patients.get(patientKey) ?? { times: 0, notBefore: 0 }
    if (now < notBefore) return false
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** times)
    this.#patients.set(patientKey, { times: times + 1, notBefore: now + pauseMs })
    return true
  }
}
