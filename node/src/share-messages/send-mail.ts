import { readFileSync } from 'node:fs'
import { TwiinError } from '@twiin/runtime'
import { createTransport } from 'nodemailer'
import type { ShareMail } from './link-mail.ts'
import { onOneLine } from './message-words.ts'
import type { MailFailure, MailMessenger } from './messenger.ts'
import { isThisMachine } from './this-machine.ts'

/** The hospital's own mail server. spec 25 §9 */
export interface MailServer {
  host: string
  port: number
  /** TLS from the first byte (port 465); otherwise by STARTTLS. */
  secure: boolean
  /** An address, as the recipient sees it: `Ziekenhuis <beelden@ziekenhuis.example>` or bare. */
  from: string
  user?: string
  /** Read at each mail, so that a changed password needs no restart. */
  passwordFile?: string
  /** Certificates that the server's leads to; without it those that this machine trusts. */
  caFile?: string
}

/** Long enough for a server that looks up who calls, short enough for a queue. */
const defaultTimeouts = { connect: 10_000, silence: 30_000, whole: 60_000 }

/**
 * Mail by SMTP (RFC 5321). TLS is required, and the server's certificate is verified, unless the server is this machine.
 * Writes nothing to any log: neither address nor link.
 */
export class MailSender implements MailMessenger {
  readonly #server: MailServer
  readonly #requireTls: boolean
  readonly #timeouts: typeof defaultTimeouts

  constructor(options: MailServer & { requireTls?: boolean; timeouts?: typeof defaultTimeouts }) {
    this.#server = options
    this.#requireTls = options.requireTls ?? !isThisMachine(options.host)
    this.#timeouts = options.timeouts ?? defaultTimeouts
  }

  async send(to: string, { subject, text, html }: ShareMail): Promise<void> {
    if (!isAddress(to)) throw new TwiinError('MAIL_NOT_SENT', { reason: 'rejected' satisfies MailFailure })
    try {
      const transport = createTransport(this.#transport())
      await transport.sendMail({
        from: this.#server.from,
        // An object, so that nothing in it is taken for a second recipient.
        to: { name: '', address: to },
        subject: onOneLine(subject),
        ...{ text, html },
        // No soft line breaks: the address of the share stays on one line, whatever reads it.
        textEncoding: 'base64',
        // RFC 3834: no answer by a machine, such as out of office.
        headers: { 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' },
        signal: AbortSignal.timeout(this.#timeouts.whole),
      })
    } catch (error) {
      // Its message can hold the address, so it goes no further.
      throw new TwiinError('MAIL_NOT_SENT', { reason: reasonOf(error) })
    }
  }

  #transport() {
    const { host, port, secure, user, passwordFile, caFile } = this.#server
    const { connect, silence } = this.#timeouts
    return {
      ...{ host, port, secure },
      // On this machine a certificate would prove nothing more.
      ...(this.#requireTls ? { requireTLS: !secure } : { ignoreTLS: !secure }),
      tls: {
        minVersion: 'TLSv1.2' as const,
        ...(this.#requireTls ? {} : { rejectUnauthorized: false }),
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      },
      ...(user === undefined
        ? {}
        : {
            auth: { user, pass: passwordFile === undefined ? '' : readFileSync(passwordFile, 'utf8').trim() },
          }),
      ...{
        connectionTimeout: connect,
        greetingTimeout: connect,
        dnsTimeout: connect,
        socketTimeout: silence,
      },
      // Nothing is read from disk or fetched for a mail, and nothing is written down.
      ...{ disableFileAccess: true, disableUrlAccess: true, logger: false, debug: false },
    }
  }
}

/** One address in the form that browsers take for one (HTML, “valid e-mail address”), with nothing around it. */
const isAddress = (text: string) =>
  text.length <= 254 && /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(text)

const tlsErrors = /^(ETLS|EREQUIRETLS|ERR_(TLS|SSL)_.*|.*CERT.*|UNABLE_TO_.*)$/

function reasonOf(error: unknown): MailFailure {
  const { code, originalCode, responseCode, message } = error as Record<string, unknown>
  const name = typeof code === 'string' ? code : ''
  const isTls = [code, originalCode].some((each) => typeof each === 'string' && tlsErrors.test(each))
  if (isTls || (name === 'ESOCKET' && isAboutTls(message))) return 'tls'
  if (name === 'EAUTH' || name === 'ENOAUTH') return 'auth'
  if (name === 'EENVELOPE' || name === 'EMESSAGE')
    // A server that says 4xx may take it later (RFC 5321 §4.2.1): greylisting does.
    return typeof responseCode === 'number' && responseCode < 500 ? 'refused' : 'rejected'
  if (name === 'EPROTOCOL') return 'refused'
  return 'connect'
}

const isAboutTls = (message: unknown) =>
  typeof message === 'string' && /certificate|\btls\b|\bssl\b|altnames/i.test(message)
