import type { Clock } from '@twiin/runtime'
import type { MailMessenger, SmsMessenger } from './messenger.ts'
import { MailSender } from './send-mail.ts'
import type { MailServer } from './send-mail.ts'
import { SmsFolder, SmsGateway } from './send-sms.ts'

/** What this hospital can send by. */
export interface Messengers {
  mail?: MailMessenger
  sms?: SmsMessenger
}

/** As the settings `share.mail` and `share.sms` say. Throws CONFIG_INVALID. */
export function messengersOf(
  settings: {
    mail?: MailServer
    sms?: { kind: 'http' | 'folder'; url?: string; authorizationFile?: string; dir?: string }
  },
  deps: { clock: Clock },
): Messengers {
  const { mail, sms } = settings
  const { url, dir, authorizationFile } = sms ?? {}
  return {
    ...(mail !== undefined && { mail: new MailSender(mail) }),
    ...(sms?.kind === 'http' &&
      url !== undefined && {
        sms: new SmsGateway({ url, ...(authorizationFile !== undefined && { authorizationFile }) }),
      }),
    ...(sms?.kind === 'folder' && dir !== undefined && { sms: new SmsFolder({ dir }, deps) }),
  }
}
