import { dimseError } from '../dimse-error.ts'
import { encodePdu, pduType } from './pdu.ts'
import { applicationContext, isUid } from '../uids.ts'
import { decodeItems, encodeItem, textOf } from './associate-items.ts'
import { decodeUserInformation, encodeUserInformation } from './user-information.ts'
import type { UserInformation } from './user-information.ts'

/** The items inside A-ASSOCIATE-RQ and -AC: PS3.8 §9.3.2 and §9.3.3. */
const item = {
  applicationContext: 0x10,
  proposedContext: 0x20,
  answeredContext: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
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
  return [
    fixed,
    encodeItem(item.applicationContext, Buffer.from(applicationContext, 'latin1')),
    ...contexts,
    encodeItem(item.userInformation, encodeUserInformation(frame.user)),
  ]
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
    calledAe: textOf(body.subarray(4, 20)),
    callingAe: textOf(body.subarray(20, 36)),
    applicationContext: textOf(application.value),
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

function uid(value: Buffer | undefined): string {
  const candidate = value === undefined ? '' : textOf(value)
  if (!isUid(candidate)) throw malformed('UID')
  return candidate
}

const malformed = (what: string) => dimseError('PDU_MALFORMED', { what })
