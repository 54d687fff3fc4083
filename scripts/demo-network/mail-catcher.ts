import { mkdir, readdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { writeFileDurably } from '@twiin/store'
import { SMTPServer } from 'smtp-server'

/** Takes every mail, sends none on: each becomes DIR/NNN.eml, in order, seen when it is whole. On this machine only. */
export class MailCatcher {
  readonly dir: string
  readonly #server: SMTPServer
  #last: number
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(dir: string, last: number) {
    this.dir = dir
    this.#last = last
    this.#server = new SMTPServer({
      ...{ authOptional: true, logger: false, disableReverseLookup: true, size: 1024 * 1024 },
      // Nobody is on the way: the nodes ask for TLS everywhere else.
      ...{ hideSTARTTLS: true, disabledCommands: ['AUTH', 'STARTTLS'] },
      onData: (stream, _session, done) => {
        buffer(stream)
          .then((source) => this.#write(source))
          .then(() => done(), done)
      },
    })
    this.#server.on('error', () => {})
  }

  static async start(dir: string): Promise<MailCatcher> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const numbers = (await readdir(dir)).map((name) => Number(/^(\d+)\.eml$/.exec(name)?.[1] ?? 0))
    const catcher = new MailCatcher(dir, Math.max(0, ...numbers))
    await new Promise<void>((resolve) => catcher.#server.listen(0, '127.0.0.1', resolve))
    return catcher
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  /** One after the other, so that numbers are in the order of arrival. */
  #write(source: Buffer): Promise<void> {
    const file = join(this.dir, `${String(++this.#last).padStart(3, '0')}.eml`)
    const written = this.#writing.then(() => writeFileDurably(file, source))
    this.#writing = written.catch(() => {})
    return written
  }
}
