import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { ManualClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { messengersOf } from './messengers.ts'
import { SmsFolder, SmsGateway } from './send-sms.ts'

interface Asked {
  method: string | undefined
  authorization: string | undefined
  type: string | undefined
  body: string
}

/** A gateway on this machine. */
async function gateway(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const { authorization, 'content-type': type } = request.headers
      asked.push({ method: request.method, authorization, type, body })
      answer(response, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sms`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
const ends =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end('{}')
const failed = (reason: string): unknown =>
  expect.objectContaining({ code: 'SMS_NOT_SENT', facts: { reason } })

describe('an HTTP gateway', () => {
  it('gets number and text as JSON, with the header of the file', async () => {
    await using server = await gateway(ends(202))
    const dir = await mkdtemp(join(tmpdir(), 'twiin-sms-'))
    const authorizationFile = join(dir, 'authorization')
    await writeFile(authorizationFile, 'Bearer geheim\n')
    const { sms } = messengersOf(
      { sms: { kind: 'http', url: server.url, authorizationFile } },
      { clock: new ManualClock() },
    )
    await sms?.send('+31612345678', '123456 is uw code')
    expect(server.asked).toEqual([
      {
        ...{ method: 'POST', authorization: 'Bearer geheim', type: 'application/json' },
        body: '{"to":"+31612345678","text":"123456 is uw code"}',
      },
    ])
    await rm(dir, { recursive: true })
  })

  it.each([
    [401, 'auth'],
    [403, 'auth'],
    [422, 'rejected'],
    [429, 'refused'],
    [500, 'refused'],
  ])('%i is %s', async (status, reason) => {
    await using server = await gateway(ends(status))
    await expect(new SmsGateway({ url: server.url }).send('+31612345678', 'x')).rejects.toEqual(
      failed(reason),
    )
  })

  it('is asked for international numbers only', async () => {
    await using server = await gateway(ends(200))
    for (const to of ['0612345678', '+31 6 12345678', ''])
      await expect(new SmsGateway({ url: server.url }).send(to, 'x')).rejects.toEqual(failed('rejected'))
    expect(server.asked).toEqual([])
  })

  it('is not followed elsewhere', async () => {
    await using other = await gateway(ends(200))
    await using server = await gateway(ends(307, { location: other.url }))
    await expect(new SmsGateway({ url: server.url }).send('+31612345678', 'x')).rejects.toEqual(
      failed('refused'),
    )
    expect(other.asked).toEqual([])
  })

  it('that says nothing, or is not there, ends in time', async () => {
    const url = await (async () => {
      await using server = await gateway(() => {})
      const sender = new SmsGateway({ url: server.url, timeoutMs: 200 })
      await expect(sender.send('+31612345678', 'x')).rejects.toEqual(failed('connect'))
      return server.url
    })()
    await expect(new SmsGateway({ url }).send('+31612345678', 'x')).rejects.toEqual(failed('connect'))
  })

  it('an answer without end is cut off', async () => {
    let written = 0
    await using server = await gateway((response) => {
      const piece = Buffer.alloc(64 * 1024, 32)
      const more = () => {
        while (!response.destroyed && response.write(piece)) written += piece.length
        if (!response.destroyed) response.once('drain', more)
      }
      response.writeHead(200)
      more()
    })
    await new SmsGateway({ url: server.url, timeoutMs: 20_000 }).send('+31612345678', 'x')
    // What sockets hold, not a stream that goes on until the timeout.
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  it('is asked over TLS unless it is this machine', () => {
    expect(() => new SmsGateway({ url: 'http://sms.example/send' })).toThrow('CONFIG_INVALID')
    for (const url of ['https://sms.example/send', 'http://localhost:1/', 'http://[::1]:1/'])
      expect(new SmsGateway({ url })).toBeInstanceOf(SmsGateway)
  })
})

describe('a folder', () => {
  it('gets a file for each message, in order, whole or not at all', async () => {
    const dir = join(await mkdtemp(join(tmpdir(), 'twiin-sms-')), 'made')
    const clock = new ManualClock()
    const folder = new SmsFolder({ dir }, { clock })
    await folder.send('+31612345678', 'een')
    await clock.advance(1)
    await folder.send('+31612345678', 'twee')
    const names = (await readdir(dir)).toSorted()
    expect(names).toHaveLength(2)
    for (const name of names) expect(name).toMatch(/^\d+-[0-9a-f]{8}\.json$/)
    const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')))
    expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual([
      { to: '+31612345678', text: 'een' },
      { to: '+31612345678', text: 'twee' },
    ])
    await rm(join(dir, '..'), { recursive: true })
  })

  it('that cannot be written to is said to be', async () => {
    const folder = new SmsFolder({ dir: '/dev/null/sms' }, { clock: new ManualClock() })
    await expect(folder.send('+31612345678', 'x')).rejects.toEqual(failed('refused'))
  })
})
