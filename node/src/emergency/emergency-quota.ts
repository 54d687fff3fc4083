import type { Clock } from '@twiin/runtime'
import { boxMs } from './emergency-use.ts'

/** More of one member within the hour are no emergencies (spec 21 §3). */
export const mostPatients = 100
/** More people than this do not ask for one patient at once. */
export const mostPeople = 10

interface Question {
  epoch: number
  loc: Uint8Array
  user: { id: string }
}

/**
 * Counts the emergencies of each member: patients within the hour, and people for each of them. It goes by the location
 * that was asked for, so it counts whom nobody knows here as well: how far somebody is tells nothing of who is known.
 * In memory, for known and unknown alike; who asked already may go on asking.
 */
export class EmergencyQuota {
  readonly #clock: Pick<Clock, 'now'>
  /** By peer, then by epoch and location. */
  readonly #counted = new Map<string, Map<string, { at: number; people: Set<string> }>>()

  constructor(deps: { clock: Pick<Clock, 'now'> }) {
    this.#clock = deps.clock
  }

  /** Whether this one may still be; it counts from here on. */
  admits({ epoch, loc, user }: Question, peerId: string): boolean {
    const now = this.#clock.now()
    const patients = this.#counted.get(peerId) ?? new Map<string, { at: number; people: Set<string> }>()
    this.#counted.set(peerId, patients)
    // Insertion order is time order, so the old ones are in front.
    for (const [key, { at }] of patients) {
      if (Math.abs(now - at) < boxMs) break
      patients.delete(key)
    }
    const key = `${epoch} ${Buffer.from(loc).toString('base64')}`
    const patient = patients.get(key) ?? { at: now, people: new Set<string>() }
    if (patient.people.has(user.id)) return true
    if (patient.people.size >= mostPeople) return false
    if (patient.people.size === 0 && patients.size >= mostPatients) return false
    patient.people.add(user.id)
    patients.set(key, patient)
    return true
  }
}
