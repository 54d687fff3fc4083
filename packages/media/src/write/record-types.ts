/** Attributes of every record of its level (PS3.3 tables F.5-1 to F.5-3); the first `required` must have a value. */
export const levelKeys = {
  patient: ['00100010', '00100020', '00100021', '00100030', '00100040'],
  study: ['00080020', '00080030', '00080050', '00081030', '0020000D', '00200010'],
  series: ['00080060', '00080080', '0008103E', '0020000E', '00200011'],
} as const

const contentTime = ['00080023', '00080033']
const instanceNumber = '00200013'
const conceptName = '0040A043'

interface RecordType {
  type: string
  /** Beside the instance number (PS3.3 annex F.5). */
  keys: readonly string[]
}

const image: RecordType = { type: 'IMAGE', keys: [] }
const structuredReport: RecordType = {
  type: 'SR DOCUMENT',
  keys: ['0040A491', '0040A493', ...contentTime, '0040A030', conceptName],
}
const keyObjects: RecordType = { type: 'KEY OBJECT DOC', keys: [...contentTime, conceptName] }
const encapsulated: RecordType = {
  type: 'ENCAP DOC',
  keys: [...contentTime, '00420010', '0040E001', conceptName, '00420012'],
}
const presentation: RecordType = {
  type: 'PRESENTATION',
  keys: ['00700080', '00700081', '00700082', '00700083', '00700084', '00081115'],
}
const waveform: RecordType = { type: 'WAVEFORM', keys: contentTime }
const rawData: RecordType = { type: 'RAW DATA', keys: contentTime }
const registration: RecordType = {
  type: 'REGISTRATION',
  keys: [...contentTime, '00700080', '00700081', '00700084'],
}
const spectroscopy: RecordType = {
  type: 'SPECTROSCOPY',
  keys: ['00080008', ...contentTime, '00280008', '00280010', '00280011', '00289001', '00289002'],
}

const classPrefix = '1.2.840.10008.5.1.4.1.1.'
/** By what follows the common part of the SOP class; the longest that fits counts. */
const byClass: readonly (readonly [string, RecordType])[] = [
  ['88.59', keyObjects],
  ['88.', structuredReport],
  ['104.', encapsulated],
  ['11.', presentation],
  ['9.', waveform],
  ['66', rawData],
  ['66.1', registration],
  ['66.3', registration],
  ['66.2', { type: 'FIDUCIAL', keys: [...contentTime, '00700080', '00700081', '00700084'] }],
  ['66.4', image],
  ['66.5', { type: 'SURFACE', keys: [...contentTime] }],
  ['4.2', spectroscopy],
  ['481.2', { type: 'RT DOSE', keys: ['3004000A', '30040006'] }],
  ['481.3', { type: 'RT STRUCTURE SET', keys: ['30060002', '30060008', '30060009'] }],
  ['481.4', { type: 'RT TREAT RECORD', keys: ['30080250', '30080251'] }],
  ['481.5', { type: 'RT PLAN', keys: ['300A0002', '300A0006', '300A0007'] }],
  ['481.6', { type: 'RT TREAT RECORD', keys: ['30080250', '30080251'] }],
  ['481.7', { type: 'RT TREAT RECORD', keys: ['30080250', '30080251'] }],
  ['481.8', { type: 'RT PLAN', keys: ['300A0002', '300A0006', '300A0007'] }],
]

/** Which record stands for an instance of a SOP class, and which of its attributes stand in it. */
export function recordTypeOf(sopClassUid: string): { type: string; keys: readonly string[] } {
  const suffix = sopClassUid.startsWith(classPrefix) ? sopClassUid.slice(classPrefix.length) : ''
  const fitting = byClass.filter(
    ([start]) => suffix === start || (start.endsWith('.') && suffix.startsWith(start)),
  )
  const [, found] = fitting.sort(([a], [b]) => b.length - a.length)[0] ?? ['', image]
  return { type: found.type, keys: [instanceNumber, ...found.keys] }
}
