import { dimseError } from '../dimse-error.ts'

/** PS3.8 table 9-11 and following: the first byte of every PDU. */
export const pduType = {
  associateRequest: 1,
  associateAccept: 2,
  associateReject: 3,
  data: 4,
  releaseRequest: 5,
  releaseResponse: 6,
  abort: 7,
} as const

export type PduType = (typeof pduType)[keyof typeof pduType]

/** Type, a reserved byte, and the length of what follows. */
export const pduHeaderBytes = 6
/** Length, context id and control byte in front of every fragment (PS3.8 table 9-23). */
export const pdvHeaderBytes = 6

export function encodePdu(type: PduType, ...body: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(pduHeaderBytes)
  header[0] = type
  header.writeUInt32BE(
    body.reduce((sum, part) => sum + part.length, 0),
    2,
  )
  return Buffer.concat([header, ...body])
}

export const releaseRequestPdu = encodePdu(pduType.releaseRequest, Buffer.alloc(4))
export const releaseResponsePdu = encodePdu(pduType.releaseResponse, Buffer.alloc(4))

/** PS3.8 table 9-21. */
export interface Rejection {
  result: number
  source: number
  reason: number
}

export function rejectPdu(rejection: Rejection): Buffer {
  return encodePdu(
    pduType.associateReject,
    Buffer.of(0, rejection.result, rejection.source, rejection.reason),
  )
}

export function decodeReject(body: Buffer): Rejection {
  return { result: body.readUInt8(1), source: body.readUInt8(2), reason: body.readUInt8(3) }
}

/** PS3.8 table 9-26: source 0 is the service user, 2 the provider, and only the provider gives a reason. */
export function abortPdu(source: 0 | 2, reason: number): Buffer {
  return encodePdu(pduType.abort, Buffer.of(0, 0, source, source === 2 ? reason : 0))
}

export function decodeAbort(body: Buffer): { source: number; reason: number } {
  return { source: body.readUInt8(2), reason: body.readUInt8(3) }
}

/** One presentation data value: a fragment of a command or of a data set. */
export interface Pdv {
  contextId: number
  isCommand: boolean
  isLast: boolean
  /** A view on the PDU: valid until the next one is read. */
  fragment: Buffer
}

/** All values of a P-DATA-TF, or PDU_MALFORMED when they do not fill it exactly: then none of them is used. */
export function decodePdvs(body: Buffer): Pdv[] {
  const values: Pdv[] = []
  for (let at = 0; at < body.length;) {
    if (body.length - at < pdvHeaderBytes) throw dimseError('PDU_MALFORMED', { what: 'PDV header' })
    const length = body.readUInt32BE(at)
    if (length < 2 || length > body.length - at - 4) throw dimseError('PDU_MALFORMED', { what: 'PDV length' })
    const control = body.readUInt8(at + 5)
    values.push({
      contextId: body.readUInt8(at + 4),
      isCommand: (control & 1) === 1,
      isLast: (control & 2) === 2,
      fragment: body.subarray(at + pdvHeaderBytes, at + 4 + length),
    })
    at += 4 + length
  }
  if (values.length === 0) throw dimseError('PDU_MALFORMED', { what: 'no PDV' })
  return values
}
