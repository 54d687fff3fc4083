import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { TestMailServer } from '../testing/test-mail-server.ts'
import { linkMail } from './link-mail.ts'
import { MailSender } from './send-mail.ts'

const url = `https://beelden.ziekenhuis.example/z/sAbCdEfGhIjKlMnOpQrStUv#${'AbCdEfGhIjK'.repeat(4)}`
const mail = linkMail({
  ...{ url, hospital: 'Ziekenhuis Coëvorden (fictief)', helpPhone: '088 123 45 67', factor: 'sms' },
  ...{ opensAt: 1_764_000_000_000, expiresAt: 1_765_000_000_000, language: 'nl' },
})
const from = 'Ziekenhuis Coëvorden <beelden@ziekenhuis.example>'
const to = 'anna@voorbeeld.example'
const toServer = (port: number) => ({ host: '127.0.0.1', port, secure: false, from })
const failed = (reason: string): unknown =>
  expect.objectContaining({ code: 'MAIL_NOT_SENT', facts: { reason } })

/** The parts of a mail, decoded as their headers say. */
function partsOf(source: string): { type: string; encoding: string; text: string }[] {
  const boundary = /boundary="([^"]+)"/.exec(source)?.[1] ?? ''
  return source
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const [head = '', body = ''] = part.split(/\r\n\r\n(.*)/s)
      const encoding = /content-transfer-encoding: (\S+)/i.exec(head)?.[1] ?? '7bit'
      const bytes = Buffer.from(body, encoding === 'base64' ? 'base64' : 'latin1')
      return {
        type: /content-type: ([^;\s]+)/i.exec(head)?.[1] ?? '',
        encoding,
        text: bytes.toString('utf8'),
      }
    })
}

describe('a mail', () => {
  it('arrives over TLS with its address on one line, in text and in HTML', async () => {
    await using server = await TestMailServer.start()
    await new MailSender({ ...toServer(server.port), caFile: server.caFile, requireTls: true }).send(to, mail)
    const [received] = server.mails
    expect(received).toMatchObject({ from: 'beelden@ziekenhuis.example', to: [to], secure: true })
    const [text, html] = partsOf(received?.source ?? '')
    expect(text).toMatchObject({ type: 'text/plain', encoding: 'base64' })
    expect(text?.text.split(/\r?\n/)).toContain(url)
    expect(html?.type).toBe('text/html')
    expect(html?.text).toContain(`href="${url}"`)
    expect(received?.source).toMatch(/^auto-submitted: auto-generated/im)
    expect(received?.source).not.toMatch(/^bcc:/im)
  })

  it('does not leave to a server without TLS, and none of it was said', async () => {
    await using server = await TestMailServer.start({ tls: false })
    const sender = new MailSender({ ...toServer(server.port), requireTls: true })
    await expect(sender.send(to, mail)).rejects.toEqual(failed('tls'))
    expect(server.mails).toEqual([])
  })

  it('does not leave to a server whose certificate is not trusted', async () => {
    await using server = await TestMailServer.start()
    const sender = new MailSender({ ...toServer(server.port), requireTls: true })
    await expect(sender.send(to, mail)).rejects.toEqual(failed('tls'))
    expect(server.mails).toEqual([])
  })

  it('TLS is required unless the server is this machine, which needs no certificate', async () => {
    await using server = await TestMailServer.start()
    await new MailSender(toServer(server.port)).send(to, mail)
    await new MailSender({ ...toServer(server.port), host: 'localhost' }).send(to, mail)
    expect(server.mails).toHaveLength(2)
  })

  it('TLS from the first byte', async () => {
    await using server = await TestMailServer.start({ secure: true })
    const sender = { ...toServer(server.port), secure: true, requireTls: true }
    await new MailSender({ ...sender, caFile: server.caFile }).send(to, mail)
    expect(server.mails).toHaveLength(1)
    await expect(new MailSender(sender).send(to, mail)).rejects.toEqual(failed('tls'))
  })

  it('goes with the password of the file, as it stands there now; a wrong one is said to be', async () => {
    await using server = await TestMailServer.start({
      authOptional: false,
      onAuth: ({ username, password }, _session, done) =>
        password === 'goed' ? done(null, { user: username }) : done(new Error('no')),
    })
    const passwordFile = join(server.dir, 'password')
    await writeFile(passwordFile, 'fout\n')
    const auth = { user: 'twiin', passwordFile, caFile: server.caFile }
    const sender = new MailSender({ ...toServer(server.port), ...auth, requireTls: true })
    await expect(sender.send(to, mail)).rejects.toEqual(failed('auth'))
    await writeFile(passwordFile, 'goed\n')
    await sender.send(to, mail)
    expect(server.mails).toMatchObject([{ user: 'twiin' }])
  })

  it('tells an address that the server never takes (5xx) from one that it may take later (4xx)', async () => {
    const answers = { 'nooit@voorbeeld.example': 550, 'later@voorbeeld.example': 451 }
    await using server = await TestMailServer.start({
      onRcptTo: ({ address }, _session, done) => {
        const code = answers[address as keyof typeof answers] as number | undefined
        done(code === undefined ? null : Object.assign(new Error('no'), { responseCode: code }))
      },
    })
    const sender = new MailSender(toServer(server.port))
    await expect(sender.send('nooit@voorbeeld.example', mail)).rejects.toEqual(failed('rejected'))
    await expect(sender.send('later@voorbeeld.example', mail)).rejects.toEqual(failed('refused'))
  })

  it.each(['a@b.example, c@d.example', 'a@b.example\r\nbcc: c@d.example', 'Anna <a@b.example>', 'anna', ''])(
    'has one recipient: %j is none',
    async (other) => {
      await using server = await TestMailServer.start()
      await expect(new MailSender(toServer(server.port)).send(other, mail)).rejects.toEqual(
        failed('rejected'),
      )
      expect(server.mails).toEqual([])
    },
  )

  it('a server that is not there, and one that says nothing, end in time', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => void sockets.add(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const timeouts = { connect: 60_000, silence: 60_000, whole: 200 }
    const hurried = new MailSender({ ...toServer(port), timeouts })
    await expect(hurried.send(to, mail)).rejects.toEqual(failed('connect'))
    const greeting = new MailSender({
      ...toServer(port),
      timeouts: { ...timeouts, connect: 200, whole: 60_000 },
    })
    await expect(greeting.send(to, mail)).rejects.toEqual(failed('connect'))
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
    await expect(new MailSender(toServer(port)).send(to, mail)).rejects.toEqual(failed('connect'))
  })

  it('neither address nor link is printed or told in an error', async () => {
    const written: string[] = []
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((piece) => written.push(String(piece)) > 0),
    )
    await using server = await TestMailServer.start({
      onRcptTo: (_address, _session, done) => done(new Error(`no ${to}`)),
    })
    const error: unknown = await new MailSender(toServer(server.port)).send(to, mail).catch((e: unknown) => e)
    for (const spy of spies) spy.mockRestore()
    const all = [...written, String(error), JSON.stringify(error), (error as Error).stack].join('\n')
    expect(all).toContain('MAIL_NOT_SENT')
    expect(all).not.toContain(to)
    expect(all).not.toContain('beelden.ziekenhuis.example')
  })
})
