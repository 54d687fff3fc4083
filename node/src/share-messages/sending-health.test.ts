import { ManualClock, TwiinError } from '@twiin/runtime'
import { expect, it } from 'vitest'
import { SendingHealth, watched } from './sending-health.ts'

it('a server that took none of the last three is away, until it takes one', async () => {
  const clock = new ManualClock()
  const health = { mail: new SendingHealth({ clock }), sms: new SendingHealth({ clock }) }
  let failure: Error | undefined = new TwiinError('SMS_NOT_SENT', { reason: 'auth' })
  const send = async () => {
    if (failure !== undefined) throw failure
  }
  const { mail, sms } = watched({ sms: { send } }, health)
  expect(mail).toBeUndefined()
  const since = clock.now()
  for (const before of [0, 1, 2]) {
    expect([health.sms.failed, health.sms.away]).toEqual([before, undefined])
    await expect(sms?.send('+31612345678', 'x')).rejects.toBe(failure)
    await clock.advance(1000)
  }
  expect(health.sms.away).toEqual({ since, reason: 'auth' })
  expect(health.mail.away).toBeUndefined()
  failure = undefined
  await sms?.send('+31612345678', 'x')
  expect([health.sms.failed, health.sms.away]).toEqual([3, undefined])
})
