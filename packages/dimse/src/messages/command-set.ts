import { dimseError } from '../dimse-error.ts'
import { isAeTitle, isUid } from '../uids.ts'

/** PS3.7 annex E. A response is its request with the high bit set. */
export const commandField = {
  storeRequest: 0x0001,
  getRequest: 0x0010,
  findRequest: 0x0020,
  moveRequest: 0x0021,
  echoRequest: 0x0030,
  eventReportRequest: 0x0100,
  actionRequest: 0x0130,
  cancelRequest: 0x0fff,
  response: 0x8000,
} as const

/** The elements of a command set that our services use; all others are passed over. */
export interface Command {
  commandField: number
  hasDataSet: boolean
  affectedSopClassUid?: string
  requestedSopClassUid?: string
  messageId?: number
  messageIdBeingRespondedTo?: number
  moveDestination?: string
  priority?: number
  status?: number
  errorComment?: string
  affectedSopInstanceUid?: string
  requestedSopInstanceUid?: string
  eventTypeId?: number
  actionTypeId?: number
  remainingSubOperations?: number
  completedSubOperations?: number
  failedSubOperations?: number
  warningSubOperations?: number
  moveOriginatorAe?: string
  moveOriginatorMessageId?: number
}

type Name = Exclude<keyof Command, 'hasDataSet'>
type Kind = 'UID' | 'number' | 'text' | 'AE title'

/** Element numbers in group 0000, ascending (PS3.7 table E.1-1). */
const elements: readonly (readonly [Name | 'dataSetType', number, Kind])[] = [
  ['affectedSopClassUid', 0x0002, 'UID'],
  ['requestedSopClassUid', 0x0003, 'UID'],
  ['commandField', 0x0100, 'number'],
  ['messageId', 0x0110, 'number'],
  ['messageIdBeingRespondedTo', 0x0120, 'number'],
  ['moveDestination', 0x0600, 'AE title'],
  ['priority', 0x0700, 'number'],
  ['dataSetType', 0x0800, 'number'],
  ['status', 0x0900, 'number'],
  ['errorComment', 0x0902, 'text'],
  ['affectedSopInstanceUid', 0x1000, 'UID'],
  ['requestedSopInstanceUid', 0x1001, 'UID'],
  ['eventTypeId', 0x1002, 'number'],
  ['actionTypeId', 0x1008, 'number'],
  ['remainingSubOperations', 0x1020, 'number'],
  ['completedSubOperations', 0x1021, 'number'],
  ['failedSubOperations', 0x1022, 'number'],
  ['warningSubOperations', 0x1023, 'number'],
  ['moveOriginatorAe', 0x1030, 'AE title'],
  ['moveOriginatorMessageId', 0x1031, 'number'],
]

const noDataSet = 0x0101
const elementHeaderBytes = 8
const largestNumber = 0xffff

/** Implicit VR Little Endian, elements of group 0000 in ascending order (PS3.7 §6.3.1), in the order of the table above. */
export function encodeCommand(command: Command): Buffer {
  const values = { ...command, dataSetType: command.hasDataSet ? 0 : noDataSet }
  const parts = elements.flatMap(([name, key, kind]) => {
    const value = values[name]
    return value === undefined ? [] : [encodeElement(key, encodeValue(value, kind))]
  })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 0))
  return Buffer.concat([encodeElement(0, length), ...parts])
}

/** COMMAND_MALFORMED for anything but ascending, complete elements, in group 0000 a command field and a data set type. */
export function decodeCommand(bytes: Buffer): Command {
  const found = decodeElements(bytes)
  const values = new Map<string, number | string>()
  for (const [name, key, kind] of elements) {
    const value = decodeValue(found.get(key), kind)
    if (value !== undefined) values.set(name, value)
  }
  const dataSetType = values.get('dataSetType')
  if (dataSetType === undefined || !values.has('commandField')) throw malformed('required element')
  values.delete('dataSetType')
  return {
    ...(Object.fromEntries(values) as Partial<Command>),
    hasDataSet: dataSetType !== noDataSet,
  } as Command
}

/** The group length is passed over: the lengths of the elements decide, and they must fill the set exactly. */
function decodeElements(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  let previous = -1
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < elementHeaderBytes) throw malformed('element header')
    const tag = bytes.readUInt16LE(at) * 0x1_0000 + bytes.readUInt16LE(at + 2)
    const length = bytes.readUInt32LE(at + 4)
    const start = at + elementHeaderBytes
    if (tag <= previous) throw malformed('element order')
    if (length > bytes.length - start) throw malformed('element length')
    // Orthanc puts the list of those that failed, of group 0008, behind the command instead of in the data set.
    if (tag < 0x1_0000) found.set(tag, bytes.subarray(start, start + length))
    previous = tag
    at = start + length
  }
  return found
}

/**
 * A UID or AE title of other characters than those allowed is left out, so that no text of the peer's goes further; the
 * request is then refused.
 */
function decodeValue(bytes: Buffer | undefined, kind: Kind): number | string | undefined {
  if (bytes === undefined) return undefined
  if (kind === 'number') {
    if (bytes.length === 0) return undefined
    if (bytes.length !== 2) throw malformed('number')
    return bytes.readUInt16LE(0)
  }
  const text = bytes.toString('latin1')
  if (kind === 'text') return text.trim()
  const trimmed = text.replace(/^ +|[ \0]+$/g, '')
  return (kind === 'UID' ? isUid(trimmed) : isAeTitle(trimmed)) ? trimmed : undefined
}

/** Sub-operation counters are US, and a retrieval may have more: they stay at the top (and never wrap). */
function encodeValue(value: number | string, kind: Kind): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16LE(Math.min(value, largestNumber))
    return bytes
  }
  return Buffer.from(value.length % 2 === 0 ? value : value + (kind === 'UID' ? '\0' : ' '), 'latin1')
}

function encodeElement(key: number, value: Buffer): Buffer {
  const header = Buffer.alloc(elementHeaderBytes)
  header.writeUInt16LE(key, 2)
  header.writeUInt32LE(value.length, 4)
  return Buffer.concat([header, value])
}

const malformed = (what: string) => dimseError('COMMAND_MALFORMED', { what })
