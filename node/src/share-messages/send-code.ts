import type { ShareRecord } from '../shares/share-record.ts'
import { codeText, numberChangedText } from './code-text.ts'
import type { SmsMessenger } from './messenger.ts'

/** Sends codes to telephones; undefined where nothing can be sent. Of the second factors `sms` alone has a code that is sent. */
export function codeSender(
  { hospital }: { hospital: string },
  { sms }: { sms?: SmsMessenger },
): ((record: ShareRecord, code: string) => Promise<void>) | undefined {
  if (sms === undefined) return undefined
  return async ({ factor, order: { language } }, code) => {
    if (factor.kind === 'sms') await sms.send(factor.phone, codeText({ code, hospital, language }))
  }
}

/** Tells a number that codes went to that they go elsewhere; undefined where nothing can be sent. */
export function oldNumberTeller(
  texts: { hospital: string; helpPhone: string },
  { sms }: { sms?: SmsMessenger },
): ((before: ShareRecord) => Promise<void>) | undefined {
  if (sms === undefined) return undefined
  return async ({ factor, order: { language } }) => {
    if (factor.kind === 'sms') await sms.send(factor.phone, numberChangedText({ ...texts, language }))
  }
}
