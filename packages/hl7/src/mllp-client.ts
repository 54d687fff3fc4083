import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { TwiinError, doubled } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { readAcknowledgement } from './acknowledge.ts'
import type { Acknowledgement } from './acknowledge.ts'
import { BufferedBytes, FrameDecoder, framed } from './frame-decoder.ts'
import { readHeader } from './message.ts'

export interface MllpClientOptions {
  host: string
  port: number
  /** With it TLS is spoken, and the server's certificate verified. */
  tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'minVersion'>
  /** Default 10 s. */
  connectMs?: number
  /** For the answer to a message. Default 30 s. */
  answerMs?: number
  /** How often a message is offered before `send` gives up. Default 3. */
  attempts?: number
  /** First pause between two attempts; doubles. Default 1 s. */
  retryMs?: number
  /** An unused connection is closed. Default 60 s. */
  idleMs?: number
}

const maxAnswerBytes = 256 * 1024

interface Line {
  socket: Socket
  /** Told of every frame that comes in, and of the end. */
  listener: { frame: (frame: Buffer) => void; ended: (error: Error) => void } | undefined
}

/** Sends messages to one MLLP server, one outstanding at a time, in the order they were given (spec 15 §5). */
export class MllpClient {
  readonly #options: Required<Omit<MllpClientOptions, 'tls'>> & Pick<MllpClientOptions, 'tls'>
  readonly #deps: { clock: Clock; log: Logger }
  #line: Line | undefined
  #idle: NodeJS.Timeout | undefined
  #last: Promise<unknown> = Promise.resolve()
  readonly #closing = new AbortController()

  constructor(options: MllpClientOptions, deps: { clock: Clock; log: Logger }) {
    const defaults = { connectMs: 10_000, answerMs: 30_000, attempts: 3, retryMs: 1000, idleMs: 60_000 }
    this.#options = { ...defaults, ...options }
    this.#deps = deps
  }

  /**
   * The answer, whatever it says; a message that got none is offered again with the same MSH-10, so the other side must
   * know it by that. Throws `HL7_NO_ANSWER` {attempts} when none came, `HL7_UNREADABLE` when this is no message.
   */
  send(message: Buffer, signal?: AbortSignal): Promise<Acknowledgement> {
    const { controlId } = readHeader(message).header
    const until =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
    const turn = this.#last.then(() => this.#offer(message, controlId, until))
    this.#last = turn.catch(() => {})
    return turn
  }

  /** What is under way gets no answer any more. */
  async close(): Promise<void> {
    this.#closing.abort(new TwiinError('STOPPED'))
    this.#drop()
    await this.#last
  }

  async #offer(message: Buffer, controlId: string, signal: AbortSignal): Promise<Acknowledgement> {
    const { attempts, retryMs } = this.#options
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        return await this.#once(message, controlId, signal)
      } catch (error) {
        this.#drop()
        if (signal.aborted) throw signal.reason
        if (attempt >= attempts) throw new TwiinError('HL7_NO_ANSWER', { attempts }, { cause: error })
        this.#deps.log.info('hl7 message offered again', { attempt })
        await this.#deps.clock.sleep(doubled(attempt - 1, { firstMs: retryMs }), signal)
      }
    }
  }

  async #once(message: Buffer, controlId: string, signal: AbortSignal): Promise<Acknowledgement> {
    clearTimeout(this.#idle)
    const line = (this.#line ??= await this.#connect(signal))
    const { promise, resolve, reject } = Promise.withResolvers<Acknowledgement>()
    const stop = () => reject(new TwiinError('STOPPED'))
    const timer = setTimeout(() => reject(new TwiinError('HL7_TIMEOUT')), this.#options.answerMs)
    signal.addEventListener('abort', stop, { once: true })
    line.listener = {
      frame: (frame) => {
        try {
          const answer = readAcknowledgement(frame)
          // The answer to an earlier one, which we no longer waited for, is not the answer to this one.
          if (answer.controlId === controlId) resolve(answer)
        } catch (error) {
          reject(error)
        }
      },
      ended: reject,
    }
    try {
      line.socket.write(framed(message))
      return await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      line.listener = undefined
      this.#idle = setTimeout(() => this.#drop(), this.#options.idleMs).unref()
    }
  }

  async #connect(signal: AbortSignal): Promise<Line> {
    const { host, port, tls, connectMs } = this.#options
    const socket =
      tls === undefined
        ? connect({ host, port })
        : connectTls({ minVersion: 'TLSv1.2', servername: host, ...tls, host, port })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new TwiinError('HL7_TIMEOUT')), connectMs)
    const stop = () => reject(new TwiinError('STOPPED'))
    signal.addEventListener('abort', stop, { once: true })
    socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve)
    socket.on('error', reject)
    try {
      await promise
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    return this.#listen(socket)
  }

  #listen(socket: Socket): Line {
    const line: Line = { socket, listener: undefined }
    const room = new BufferedBytes(2 * maxAnswerBytes)
    const decoder = new FrameDecoder({ maxFrameBytes: maxAnswerBytes, maxJunkBytes: 4096 }, { room })
    socket.on('data', (chunk) => {
      try {
        for (const frame of decoder.push(chunk)) line.listener?.frame(frame)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    socket.on('error', (error) => line.listener?.ended(error))
    socket.once('close', () => {
      line.listener?.ended(new TwiinError('HL7_CLOSED'))
      if (this.#line === line) this.#line = undefined
    })
    return line
  }

  #drop(): void {
    clearTimeout(this.#idle)
    this.#line?.socket.destroy()
    this.#line = undefined
  }
}
