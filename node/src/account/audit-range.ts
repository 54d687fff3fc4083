import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'

/** A day, or an instant with its zone. */
export const When = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,3})?)?(Z|[+-]\\d{2}:\\d{2}))?$',
})

/** Which entries: of days in UTC, both whole. Throws VALIDATION. */
export function rangeOf({ from, to }: { from?: string; to?: string }): { from?: number; to?: number } {
  return { ...boundary('from', from), ...boundary('to', to, 86_400_000 - 1) }
}

/** An instant, or a day: then from its beginning, or to its end. */
function boundary(name: 'from' | 'to', text: string | undefined, ofDay = 0): { from?: number; to?: number } {
  if (text === undefined) return {}
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const at = Date.parse(day ? `${text}T00:00:00Z` : text)
  if (Number.isNaN(at)) throw new TwiinError('VALIDATION', { at: name })
  return { [name]: day ? at + ofDay : at }
}
