import { TwiinError } from '@twiin/runtime'

/**
 * As people type it → E.164 (ITU-T), as gateways take it: `06 1234 5678`, `0031 6…` and `+31 (0)6…` are `+31612345678`.
 * Throws `PHONE_INVALID`: outside the Netherlands it begins with `+` or `00` and the country.
 */
export function internationalNumber(typed: string): string {
  const bare = typed
    .replace(/\(0\)/, '')
    .replaceAll(/[\s()./-]/g, '')
    .replace(/^00/, '+')
    .replace(/^0(?=[1-9]\d{8}$)/, '+31')
  if (!isInternationalNumber(bare)) throw new TwiinError('PHONE_INVALID')
  return bare
}

/** A plus, a country, a number: 8 to 15 digits; of the Netherlands nine after the country. */
export const isInternationalNumber = (text: string): boolean =>
  /^\+(?:31[1-9]\d{8}|(?!31)[1-9]\d{7,14})$/.test(text)

/** Enough for who knows the number to see which it is. */
export const endOf = (phone: string): string => phone.slice(-2)
