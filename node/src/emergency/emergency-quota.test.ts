import { ManualClock } from '@twiin/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { EmergencyQuota, mostPatients, mostPeople } from './emergency-quota.ts'

let clock: ManualClock
let quota: EmergencyQuota
const admits = (patient: number, person: number | string = 'r', peerId = 'b') =>
  quota.admits({ epoch: 1, loc: new Uint8Array(32).fill(patient), user: { id: String(person) } }, peerId)
const many = (count: number, what: (nth: number) => boolean) =>
  Array.from({ length: count }, (_, i) => what(i))

beforeEach(() => {
  clock = new ManualClock()
  quota = new EmergencyQuota({ clock })
})

describe('the emergencies of one member', () => {
  it('are of so many patients within the hour, and who is within it goes on', async () => {
    expect(many(mostPatients, (nth) => admits(nth))).not.toContain(false)
    await clock.advance(59 * 60_000)
    expect([admits(200), admits(3), admits(200)]).toEqual([false, true, false])
    await clock.advance(60_000)
    expect(admits(200)).toBe(true)
  })

  it('are of so many people for one patient, and names made up do not use up the others’', () => {
    expect(many(mostPeople, (nth) => admits(1, nth))).not.toContain(false)
    expect(many(500, (nth) => admits(1, `made up ${nth}`))).not.toContain(true)
    expect([admits(1, 0), admits(2, 'made up 1')]).toEqual([true, true])
  })

  it('are nothing to the other members', () => {
    many(mostPatients, (nth) => admits(nth))
    expect([admits(200, 'r', 'b'), admits(200, 'r', 'c')]).toEqual([false, true])
  })
})
