import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { SMTPServer } from 'smtp-server'
import type { SMTPServerOptions } from 'smtp-server'

interface ReceivedMail {
  from: string
  to: string[]
  secure: boolean
  user: unknown
  source: string
}

/** A real SMTP server on this machine, with STARTTLS and a certificate of its own unless `tls` is false. */
export class TestMailServer implements AsyncDisposable {
  readonly mails: ReceivedMail[] = []
  readonly dir: string
  readonly #server: SMTPServer

  private constructor(dir: string, options: SMTPServerOptions) {
    this.dir = dir
    this.#server = new SMTPServer({
      ...{ authOptional: true, logger: false, disableReverseLookup: true, ...options },
      onData: (stream, session, done) => {
        void text(stream).then((source) => {
          const { mailFrom, rcptTo } = session.envelope
          this.mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            ...{ secure: session.secure, user: session.user, source },
          })
          done()
        }, done)
      },
    })
    // What a client that goes away leaves behind.
    this.#server.on('error', () => {})
  }

  static async start({ tls = true, ...options }: SMTPServerOptions & { tls?: boolean } = {}) {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-mail-'))
    const [keyFile, certificateFile] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
    const files = ['-keyout', keyFile, '-out', certificateFile]
    await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, ...files])
    const server = new TestMailServer(dir, {
      ...options,
      ...(tls
        ? { key: await readFile(keyFile), cert: await readFile(certificateFile) }
        : { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }),
    })
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port
  }

  /** The certificate it shows, as its own authority. */
  get caFile(): string {
    return join(this.dir, 'certificate.pem')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await rm(this.dir, { recursive: true, force: true })
  }
}
