import { dimseError } from './dimse-error.ts'
import { encodePdu, pduType } from './pdu.ts'
import { applicationContext, isUid } from './uids.ts'

/** The items inside A-ASSOCIATE-RQ and -AC: PS3.8 §9.3.2, §9.3.3 and annex D; PS3.7 annex D for the last three. */
const item = {
  applicationContext: 0x10,
  proposedContext: 0x20,
  answeredContext: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maxLength: 0x51,
  implementationClass: 0x52,
  implementationVersion: 0x55,
} as const

export interface ProposedContext {
  id: number
  abstractSyntax: string
  transferSyntaxes: string[]
}

/** PS3.8 table 9-18. */
export const contextResult = { accepted: 0, abstractSyntaxUnknown: 3, noTransferSyntax: 4 } as const

export interface AnsweredContext {
  id: number
  result: number
  transferSyntax: string
}

interface UserInformation {
  /** The longest P-DATA-TF the sender of this PDU takes; 0 is no limit. */
  maxPduLength: number
  implementationClassUid: string
  implementationVersion: string
}

interface Associate<Context> {
  /** Bit 0 is the only version there is. */
  protocolVersion: number
  calledAe: string
  callingAe: string
  applicationContext: string
  contexts: Context[]
  user: UserInformation
}
export type AssociateRequest = Associate<ProposedContext>
export type AssociateAccept = Associate<AnsweredContext>

/** Two version bytes, two reserved, two AE titles, 32 reserved. */
const fixedBytes = 68
/** Smaller than any response of ours: nobody can mean it. */
const smallestMaxPduLength = 128

export function encodeAssociateRequest(
  request: Omit<AssociateRequest, 'applicationContext' | 'protocolVersion'>,
): Buffer {
  const contexts = request.contexts.map((context) =>
    encodeItem(
      item.proposedContext,
      Buffer.of(context.id, 0, 0, 0),
      encodeItem(item.abstractSyntax, Buffer.from(context.abstractSyntax, 'latin1')),
      ...context.transferSyntaxes.map((uid) => encodeItem(item.transferSyntax, Buffer.from(uid, 'latin1'))),
    ),
  )
  return encodePdu(pduType.associateRequest, ...encodeFrame(request, contexts))
}

export function encodeAssociateAccept(
  accept: Omit<AssociateAccept, 'applicationContext' | 'protocolVersion'>,
): Buffer {
  const contexts = accept.contexts.map((context) =>
    encodeItem(
      item.answeredContext,
      Buffer.of(context.id, 0, context.result, 0),
      encodeItem(item.transferSyntax, Buffer.from(context.transferSyntax, 'latin1')),
    ),
  )
  return encodePdu(pduType.associateAccept, ...encodeFrame(accept, contexts))
}

export function decodeAssociateRequest(body: Buffer): AssociateRequest {
  const request = decodeFrame(body, item.proposedContext, decodeProposedContext)
  const ids = new Set(request.contexts.map((context) => context.id))
  const odd = [...ids].every((id) => id % 2 === 1) // spec PS3.8 §9.3.2.2: odd integers between 1 and 255
  if (!odd || ids.size !== request.contexts.length) throw malformed('presentation context id')
  return request
}

export function decodeAssociateAccept(body: Buffer): AssociateAccept {
  return decodeFrame(body, item.answeredContext, decodeAnsweredContext)
}

function encodeFrame(
  frame: Pick<AssociateRequest, 'calledAe' | 'callingAe' | 'user'>,
  contexts: Buffer[],
): Buffer[] {
  const fixed = Buffer.alloc(fixedBytes)
  fixed.writeUInt16BE(1, 0)
  fixed.write(frame.calledAe.padEnd(16), 4, 16, 'latin1')
  fixed.write(frame.callingAe.padEnd(16), 20, 16, 'latin1')
  const maxLength = Buffer.alloc(4)
  maxLength.writeUInt32BE(frame.user.maxPduLength)
  return [
    fixed,
    encodeItem(item.applicationContext, Buffer.from(applicationContext, 'latin1')),
    ...contexts,
    encodeItem(
      item.userInformation,
      encodeItem(item.maxLength, maxLength),
      encodeItem(item.implementationClass, Buffer.from(frame.user.implementationClassUid, 'latin1')),
      encodeItem(item.implementationVersion, Buffer.from(frame.user.implementationVersion, 'latin1')),
    ),
  ]
}

function encodeItem(type: number, ...value: readonly Uint8Array[]): Buffer {
  const header = Buffer.of(type, 0, 0, 0)
  header.writeUInt16BE(
    value.reduce((sum, part) => sum + part.length, 0),
    2,
  )
  return Buffer.concat([header, ...value])
}

function decodeFrame<Context>(
  body: Buffer,
  contextItem: number,
  decodeContext: (value: Buffer) => Context,
): Associate<Context> {
  if (body.length < fixedBytes) throw malformed('fixed part')
  const items = decodeItems(body.subarray(fixedBytes))
  const application = items.find(({ type }) => type === item.applicationContext)
  if (application === undefined) throw malformed('application context')
  return {
    protocolVersion: body.readUInt16BE(0),
    calledAe: text(body.subarray(4, 20)),
    callingAe: text(body.subarray(20, 36)),
    applicationContext: text(application.value),
    contexts: items.filter(({ type }) => type === contextItem).map(({ value }) => decodeContext(value)),
    user: decodeUserInformation(
      items.find(({ type }) => type === item.userInformation)?.value ?? Buffer.alloc(0),
    ),
  }
}

function decodeProposedContext(value: Buffer): ProposedContext {
  if (value.length < 4) throw malformed('presentation context')
  const syntaxes = decodeItems(value.subarray(4))
  const abstract = syntaxes.filter(({ type }) => type === item.abstractSyntax)
  const transfer = syntaxes.filter(({ type }) => type === item.transferSyntax)
  if (abstract.length !== 1 || transfer.length === 0) throw malformed('presentation context')
  return {
    id: value.readUInt8(0),
    abstractSyntax: uid(abstract[0]?.value),
    transferSyntaxes: transfer.map((syntax) => uid(syntax.value)),
  }
}

function decodeAnsweredContext(value: Buffer): AnsweredContext {
  if (value.length < 4) throw malformed('presentation context')
  const result = value.readUInt8(2)
  const syntax = decodeItems(value.subarray(4)).find(({ type }) => type === item.transferSyntax)
  // spec PS3.8 §9.3.3.2: not significant, and often absent, when the context was not accepted
  const transferSyntax = result === contextResult.accepted ? uid(syntax?.value) : ''
  return { id: value.readUInt8(0), result, transferSyntax }
}

/** Sub-items not named here (asynchronous operations, roles, extended negotiation, user identity) are passed over. */
function decodeUserInformation(value: Buffer): UserInformation {
  const user = { maxPduLength: 0, implementationClassUid: '', implementationVersion: '' }
  for (const sub of decodeItems(value)) {
    if (sub.type === item.implementationClass) user.implementationClassUid = text(sub.value)
    if (sub.type === item.implementationVersion) user.implementationVersion = text(sub.value)
    if (sub.type !== item.maxLength) continue
    if (sub.value.length !== 4) throw malformed('maximum length')
    user.maxPduLength = sub.value.readUInt32BE(0)
    if (user.maxPduLength > 0 && user.maxPduLength < smallestMaxPduLength) throw malformed('maximum length')
  }
  return user
}

function decodeItems(bytes: Buffer): { type: number; value: Buffer }[] {
  const items: { type: number; value: Buffer }[] = []
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 4) throw malformed('item header')
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) throw malformed('item length')
    items.push({ type: bytes.readUInt8(at), value: bytes.subarray(at + 4, end) })
    at = end
  }
  return items
}

function uid(value: Buffer | undefined): string {
  const candidate = value === undefined ? '' : text(value)
  if (!isUid(candidate)) throw malformed('UID')
  return candidate
}

/** Padded with spaces by the standard, with NUL by some senders. */
function text(value: Buffer): string {
  return value.toString('latin1').replace(/^[ \0]+|[ \0]+$/g, '')
}

const malformed = (what: string) => dimseError('PDU_MALFORMED', { what })
