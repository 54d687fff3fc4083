import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { AuditLog } from '@twiin/audit'
import { Backoff, Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import type { SyslogSettings } from '../config/audit-settings.ts'
import { syslogFrame } from './atna-message.ts'

interface Deps {
  log: AuditLog
  /** `position` → seq of the last entry that was sent */
  position: Repository<number>
  clock: Clock
  logger: Logger
  random: (bytes: number) => Uint8Array
}

const batch = 100
/** Sent again after a connection broke: syslog does not say what arrived. */
const repeated = 200
const idleMs = 1000
const connectMs = 10_000

/** Sends every entry of the log to the hospital's syslog receiver, in order, from where it was. Spec 07 §10. */
export class SyslogSender implements Service {
  readonly name = 'audit syslog'
  readonly #options: SyslogSettings
  readonly #deps: Deps
  readonly #work: Loop
  #pauseMs = 0
  #failing: { code: string; since: number } | undefined

  constructor(options: SyslogSettings, deps: Deps) {
    this.#options = options
    this.#deps = deps
    const { clock, logger, random } = deps
    const waits = new Backoff({ firstMs: 1000, mostMs: 60_000 }, { random })
    this.#work = new Loop(
      { name: this.name },
      {
        turn: (signal) => this.#send(signal, () => waits.reset()),
        pause: (signal) => clock.sleep(this.#pauseMs, signal),
        onError: (error) => {
          this.#pauseMs = waits.next()
          this.#failing ??= { code: codeOf(error), since: clock.now() }
          logger.warn('audit receiver not reached', { code: codeOf(error) })
        },
      },
    )
  }

  /** Since when the receiver is away, and why. */
  get failing(): { code: string; since: number } | undefined {
    return this.#failing
  }

  start(): Promise<void> {
    return this.#work.start()
  }

  stop(): Promise<void> {
    return this.#work.stop()
  }

  /** On one connection, until it breaks or the node stops. */
  async #send(signal: AbortSignal, onReached: () => void): Promise<void> {
    const { log, position, clock } = this.#deps
    const socket = await this.#connect(signal)
    const broken = new Promise<never>((_, reject) => {
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed')))
    })
    broken.catch(() => {})
    const stop = () => socket.destroy()
    signal.addEventListener('abort', stop, { once: true })
    try {
      let sent = Math.max(0, ((await position.get('position')) ?? 0) - repeated)
      while (!signal.aborted) {
        let count = 0
        for await (const stored of log.entries({ after: sent, limit: batch })) {
          const written = new Promise<void>((resolve, reject) => {
            socket.write(syslogFrame(stored, 'twiin'), (error) => (error ? reject(error) : resolve()))
          })
          await Promise.race([written, broken])
          sent = stored.seq
          count++
        }
        if (count > 0 && sent > ((await position.get('position')) ?? 0)) await position.put('position', sent)
        this.#failing = undefined
        onReached()
        if (count < batch) await Promise.race([clock.sleep(idleMs, signal), broken])
      }
    } finally {
      signal.removeEventListener('abort', stop)
      socket.destroy()
    }
  }

  async #connect(signal: AbortSignal): Promise<TLSSocket> {
    const { host, port, caFile, certificateFile, keyFile } = this.#options
    const socket = connect({
      ...{ host, port, ca: await readFile(caFile), minVersion: 'TLSv1.2' },
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(certificateFile === undefined ? {} : { cert: await readFile(certificateFile) }),
      ...(keyFile === undefined ? {} : { key: await readFile(keyFile) }),
    })
    // What a receiver says means nothing in this protocol, and must not fill the memory.
    socket.resume()
    try {
      await once(socket, 'secureConnect', {
        signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs)]),
      })
    } catch (error) {
      socket.on('error', () => {})
      socket.destroy()
      throw error
    }
    socket.setKeepAlive(true, 30_000)
    return socket
  }
}
