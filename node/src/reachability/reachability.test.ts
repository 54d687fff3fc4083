import { silentLogger } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import type { LiveEvent, LiveEvents } from '../http/events.ts'
import { twoHospitals } from '../testing/test-hospital.ts'
import { Reachability } from './reachability.ts'

describe('who waits for a hospital that is away', () => {
  it('is told once when it answers again, and not before', async () => {
    await using net = await twoHospitals()
    const { bundle, clock, host } = net.a.ground
    const told: LiveEvent[] = []
    const events = { emit: (event: LiveEvent) => told.push(event) } as unknown as LiveEvents
    const ask = (peerId: string) =>
      host.ask(peerId, '/anything', new Uint8Array(), { maxAnswerBytes: 1, timeoutMs: 1 })
    const reachability = new Reachability({}, { host, ask, bundle, events, clock, log: silentLogger })
    net.b.online = false
    reachability.watch('90000002')
    await reachability.look()
    expect(told).toEqual([])
    net.b.online = true
    await reachability.look()
    await reachability.look()
    expect(told).toEqual([{ kind: 'peer', id: '90000002', state: 'reachable' }])
    expect(reachability.lastSeen(net.b.key.peerId)).toBeGreaterThan(0)
  })

  it('hears that nobody knows a hospital of that number', async () => {
    await using net = await twoHospitals()
    const { bundle, clock, host, events } = net.a.ground
    const reachability = new Reachability(
      {},
      { host, ask: () => Promise.resolve(), bundle, events, clock, log: silentLogger },
    )
    expect(() => reachability.watch('12345678')).toThrow('RECIPIENT_UNKNOWN')
  })
})
