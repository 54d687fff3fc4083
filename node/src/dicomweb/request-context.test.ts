import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyReply } from '@twiin/web'
import { expect, it } from 'vitest'
import { whileConnected } from './request-context.ts'

it.each(['close', 'error'])(
  'who asked is gone when the response ends by %s, and nothing else happens',
  (end) => {
    const raw = new ServerResponse(new IncomingMessage(new Socket()))
    const signal = whileConnected({ raw } as FastifyReply)
    expect(signal.aborted).toBe(false)
    raw.emit(end, new Error('EPIPE'))
    expect(signal.reason).toMatchObject({ code: 'CLIENT_GONE' })
  },
)
