import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { ManualClock } from '@twiin/runtime'
import type { FastifyReply } from '@twiin/web'
import { expect, it } from 'vitest'
import { whileConnected } from './request-context.ts'

it.each(['close', 'error'])(
  'who asked is gone when the response ends by %s, and nothing else happens',
  (end) => {
    const raw = new ServerResponse(new IncomingMessage(new Socket()))
    const signal = whileConnected({ raw, request: {} } as unknown as FastifyReply)
    expect(signal.aborted).toBe(false)
    raw.emit(end, new Error('EPIPE'))
    expect(signal.reason).toMatchObject({ code: 'CLIENT_GONE' })
  },
)

it('what is being sent is cut when its session or ticket is over, and what is not yet has a refusal', async () => {
  const clock = new ManualClock()
  let live = true
  const standing = { isLive: () => live, clock }
  const [sending, waiting] = [true, false].map((isSent) => {
    const raw = new ServerResponse(new IncomingMessage(new Socket()))
    if (isSent) raw.writeHead(200).write('pixels')
    return { raw, signal: whileConnected({ raw, request: { standing } } as unknown as FastifyReply) }
  })
  await clock.advance(60_000)
  expect([sending?.signal.aborted, sending?.raw.destroyed]).toEqual([false, false])
  live = false
  await clock.advance(5000)
  expect(sending?.signal.reason).toMatchObject({ code: 'NOT_AUTHENTICATED' })
  expect([sending?.raw.destroyed, waiting?.raw.destroyed, waiting?.signal.aborted]).toEqual([
    true,
    false,
    true,
  ])
  // It began all the same, for it waited for nothing.
  waiting?.raw.writeHead(200).write('pixels')
  await clock.advance(5000)
  expect(waiting?.raw.destroyed).toBe(true)
})
