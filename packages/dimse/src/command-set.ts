import { dimseError } from './dimse-error.ts'
import { isUid } from './uids.ts'

/** PS3.7 annex E. A response is its request with the high bit set. */
export const commandField = {
  storeRequest: 0x0001,
  echoRequest: 0x0030,
  cancelRequest: 0x0fff,
  response: 0x8000,
} as const

/** The elements of a command set that C-ECHO and C-STORE use; all others are passed over. */
export interface Command {
  commandField: number
  affectedSopClassUid?: string
  affectedSopInstanceUid?: string
  messageId?: number
  messageIdBeingRespondedTo?: number
  priority?: number
  hasDataSet: boolean
  status?: number
  errorComment?: string
}

/** Element numbers in group 0000. */
const element = {
  groupLength: 0x0000,
  affectedSopClassUid: 0x0002,
  commandField: 0x0100,
  messageId: 0x0110,
  messageIdBeingRespondedTo: 0x0120,
  priority: 0x0700,
  dataSetType: 0x0800,
  status: 0x0900,
  errorComment: 0x0902,
  affectedSopInstanceUid: 0x1000,
} as const

const noDataSet = 0x0101
const elementHeaderBytes = 8

/** Implicit VR Little Endian, elements of group 0000 in ascending order (PS3.7 §6.3.1), in the order of the table above. */
export function encodeCommand(command: Command): Buffer {
  const parts = [
    encodeText(element.affectedSopClassUid, command.affectedSopClassUid, '\0'),
    encodeNumber(element.commandField, command.commandField),
    encodeNumber(element.messageId, command.messageId),
    encodeNumber(element.messageIdBeingRespondedTo, command.messageIdBeingRespondedTo),
    encodeNumber(element.priority, command.priority),
    encodeNumber(element.dataSetType, command.hasDataSet ? 0 : noDataSet),
    encodeNumber(element.status, command.status),
    encodeText(element.errorComment, command.errorComment, ' '),
    encodeText(element.affectedSopInstanceUid, command.affectedSopInstanceUid, '\0'),
  ]
  const length = Buffer.alloc(4)
  length.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 0))
  return Buffer.concat([encodeElement(element.groupLength, length), ...parts])
}

/** COMMAND_MALFORMED for anything but ascending, complete elements of group 0000 with a command field and a data set type. */
export function decodeCommand(bytes: Buffer): Command {
  const elements = decodeElements(bytes)
  const field = number(elements, element.commandField)
  const dataSetType = number(elements, element.dataSetType)
  if (field === undefined || dataSetType === undefined) throw malformed('required element')
  return withoutAbsent({
    commandField: field,
    affectedSopClassUid: uid(elements, element.affectedSopClassUid),
    affectedSopInstanceUid: uid(elements, element.affectedSopInstanceUid),
    messageId: number(elements, element.messageId),
    messageIdBeingRespondedTo: number(elements, element.messageIdBeingRespondedTo),
    priority: number(elements, element.priority),
    hasDataSet: dataSetType !== noDataSet,
    status: number(elements, element.status),
    errorComment: elements.get(element.errorComment)?.toString('latin1').trim(),
  })
}

/** The group length is passed over: the lengths of the elements decide, and they must fill the set exactly. */
function decodeElements(bytes: Buffer): Map<number, Buffer> {
  const elements = new Map<number, Buffer>()
  let previous = -1
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < elementHeaderBytes) throw malformed('element header')
    const number = bytes.readUInt16LE(at + 2)
    const length = bytes.readUInt32LE(at + 4)
    const start = at + elementHeaderBytes
    if (bytes.readUInt16LE(at) !== 0 || number <= previous) throw malformed('element order')
    if (length > bytes.length - start) throw malformed('element length')
    elements.set(number, bytes.subarray(start, start + length))
    previous = number
    at = start + length
  }
  return elements
}

function number(elements: Map<number, Buffer>, key: number): number | undefined {
  const value = elements.get(key)
  if (value === undefined || value.length === 0) return undefined
  if (value.length !== 2) throw malformed('number')
  return value.readUInt16LE(0)
}

/** A UID of other characters is left out, so that no text of the peer's goes further; the request is then refused. */
function uid(elements: Map<number, Buffer>, key: number): string | undefined {
  const text = elements
    .get(key)
    ?.toString('latin1')
    .replace(/[ \0]+$/, '')
  return text !== undefined && isUid(text) ? text : undefined
}

function encodeNumber(key: number, value: number | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0)
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return encodeElement(key, bytes)
}

function encodeText(key: number, value: string | undefined, padding: string): Buffer {
  if (value === undefined) return Buffer.alloc(0)
  return encodeElement(key, Buffer.from(value.length % 2 === 0 ? value : value + padding, 'latin1'))
}

function encodeElement(key: number, value: Buffer): Buffer {
  const header = Buffer.alloc(elementHeaderBytes)
  header.writeUInt16LE(key, 2)
  header.writeUInt32LE(value.length, 4)
  return Buffer.concat([header, value])
}

type Optional<T> = { [K in keyof T]: T[K] | undefined }

function withoutAbsent(command: Optional<Command> & Pick<Command, 'commandField' | 'hasDataSet'>): Command {
  return Object.fromEntries(
    Object.entries(command).filter(([, value]) => value !== undefined),
  ) as unknown as Command
}

const malformed = (what: string) => dimseError('COMMAND_MALFORMED', { what })
