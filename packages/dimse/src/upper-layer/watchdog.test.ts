import { ManualClock } from '@twiin/runtime'
import { expect, it } from 'vitest'
import { Watchdog } from './watchdog.ts'

function watch() {
  const clock = new ManualClock(0)
  const expired: string[] = []
  const watchdog = new Watchdog({ clock, onExpired: (what) => expired.push(`${what} at ${clock.now()}`) })
  return { clock, expired, watchdog }
}

it('barks at the deadline armed last, be it earlier or later than the one before', async () => {
  const { clock, expired, watchdog } = watch()
  watchdog.arm('idle', 600)
  watchdog.arm('pdu', 60)
  await clock.advance(30)
  watchdog.arm('pdu', 60)
  await clock.advance(59)
  expect(expired).toEqual([])
  await clock.advance(1)
  expect(expired).toEqual(['pdu at 90'])
})

it('stays silent when disarmed or closed, and can be armed again after it barked', async () => {
  const { clock, expired, watchdog } = watch()
  watchdog.arm('first', 10)
  watchdog.disarm()
  await clock.advance(100)
  expect(expired).toEqual([])
  watchdog.arm('second', 10)
  await clock.advance(10)
  watchdog.arm('third', 10)
  watchdog.close()
  await clock.advance(100)
  expect(expired).toEqual(['second at 110'])
})
