import type { StoredEntry } from '@twiin/audit'

/** RFC 4180, for a spreadsheet: spec 07 §10. */

type Column = readonly [name: string, of: (stored: StoredEntry) => string | number | undefined]

const columns: readonly Column[] = [
  ['seq', ({ seq }) => seq],
  ['at', ({ entry }) => new Date(entry.at).toISOString()],
  ['event', ({ entry }) => entry.event],
  ['outcome', ({ entry }) => entry.outcome],
  ['reason', ({ entry }) => entry.reason],
  ['user', ({ entry }) => entry.user?.id],
  ['user_name', ({ entry }) => entry.user?.name],
  ['role', ({ entry }) => entry.user?.role],
  ['responsible', ({ entry }) => entry.responsible?.name ?? entry.responsible?.id],
  ['organisation_ura', ({ entry }) => entry.organisation.ura],
  ['organisation', ({ entry }) => entry.organisation.name],
  ['peer_ura', ({ entry }) => entry.peer?.ura],
  ['peer', ({ entry }) => entry.peer?.name],
  ['bsn', ({ entry }) => entry.patient?.citizenNumber],
  ['local_id', ({ entry }) => entry.patient?.localId],
  ['merged_id', ({ entry }) => entry.patient?.mergedId],
  ['studies', ({ entry }) => entry.objects?.studyInstanceUids?.join(' ')],
  ['count', ({ entry }) => entry.objects?.count],
  ['basis', ({ entry }) => entry.purpose?.basis],
  ['purpose', ({ entry }) => entry.purpose?.reason],
  ['rule', ({ entry }) => entry.protocol],
  ['consent', ({ entry }) => entry.consent],
  ['emergency', ({ entry }) => String(entry.emergency)],
  ['request_id', ({ entry }) => entry.requestId],
  ['hash', ({ hash }) => hash],
  // Behind the others: whoever reads by place goes on.
  ['account', ({ entry }) => entry.account],
]

/** With the mark by which spreadsheets know UTF-8. */
export const csvHeader = `\ufeff${columns.map(([name]) => name).join(',')}\r\n`

export const csvLine = (stored: StoredEntry): string =>
  `${columns.map(([, of]) => csvField(of(stored))).join(',')}\r\n`

/** A spreadsheet must take nothing for a formula, whoever wrote the text: OWASP, CSV injection. */
export function csvField(value: string | number | undefined): string {
  if (typeof value === 'number') return String(value)
  const text = value ?? ''
  const harmless = /^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n;\t]/.test(harmless) || harmless !== text ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
