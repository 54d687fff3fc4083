import type { ShareMail } from './link-mail.ts'

/** Why a mail did not leave. `rejected`: this address or message, for good; all others may pass. */
export type MailFailure = 'connect' | 'refused' | 'auth' | 'tls' | 'rejected'
/** Why a text message did not leave. */
export type SmsFailure = 'connect' | 'refused' | 'auth' | 'rejected'

export interface MailMessenger {
  /** Resolves when the server has taken it. Throws MAIL_NOT_SENT with the fact `reason` (a `MailFailure`). */
  send(to: string, mail: ShareMail): Promise<void>
}

export interface SmsMessenger {
  /** Resolves when the gateway has taken it. Throws SMS_NOT_SENT with the fact `reason` (an `SmsFailure`). */
  send(to: string, text: string): Promise<void>
}
