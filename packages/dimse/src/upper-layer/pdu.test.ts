import { describe, expect, it } from 'vitest'
import {
  decodeAssociateAccept,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateRequest,
} from './associate-pdu.ts'
import { abortPdu, decodeAbort, decodePdvs, decodeReject, rejectPdu } from './pdu.ts'
import { associateRequest, ctImage, dataPdu, explicitLittle, pdv } from '../testing.ts'

const body = (pdu: Buffer) => pdu.subarray(6)
/** Of `associateRequest`. */
const userInformationBytes = 28
const malformed = expect.objectContaining({ code: 'PDU_MALFORMED' }) as Error

describe('A-ASSOCIATE', () => {
  it('reads back what was written', () => {
    const contexts = [
      { id: 5, abstractSyntax: ctImage, transferSyntaxes: [explicitLittle, '1.2.840.10008.1.2'] },
    ]
    expect(
      decodeAssociateRequest(body(associateRequest({ callingAe: 'CT 1', contexts, maxPduLength: 0 }))),
    ).toEqual({
      protocolVersion: 1,
      calledAe: 'ARCHIVE',
      callingAe: 'CT 1',
      applicationContext: '1.2.840.10008.3.1.1.1',
      contexts,
      user: { maxPduLength: 0, implementationClassUid: '1.2.3', implementationVersion: 'RAW' },
    })
  })

  it('reads an acceptance in which a refused context has no transfer syntax', () => {
    const accept = encodeAssociateAccept({
      callingAe: 'A',
      calledAe: 'B',
      contexts: [
        { id: 1, result: 0, transferSyntax: explicitLittle },
        { id: 3, result: 4, transferSyntax: '' },
      ],
      user: { maxPduLength: 4096, implementationClassUid: '1.2', implementationVersion: 'X' },
    })
    expect(decodeAssociateAccept(body(accept)).contexts).toEqual([
      { id: 1, result: 0, transferSyntax: explicitLittle },
      { id: 3, result: 4, transferSyntax: '' },
    ])
  })

  it('passes over items it does not know, inside the user information too', () => {
    const request = body(associateRequest())
    const userItem = Buffer.from('500000085100000400002000', 'hex')
    const withUnknown = Buffer.from('50000018560000040001000151000004000020005700000499887766', 'hex')
    const start = request.subarray(0, request.length - userInformationBytes)
    const frame = (user: Buffer) => Buffer.concat([start, Buffer.from('990000020000', 'hex'), user])
    const plain = decodeAssociateRequest(frame(userItem))
    expect(decodeAssociateRequest(frame(withUnknown))).toEqual(plain)
    expect(plain.user.maxPduLength).toBe(8192)
  })

  it('reads back a window, roles and a user identity', () => {
    const user = {
      maxPduLength: 8192,
      implementationClassUid: '1.2',
      implementationVersion: 'X',
      operations: { invoked: 5, performed: 1 },
      roles: [{ sopClassUid: ctImage, user: false, provider: true }],
      identity: {
        type: 2,
        wantsAnswer: true,
        primary: Buffer.from('vries'),
        secondary: Buffer.from('geheim'),
      },
    }
    const contexts = [{ id: 1, abstractSyntax: ctImage, transferSyntaxes: [explicitLittle] }]
    const request = encodeAssociateRequest({ callingAe: 'A', calledAe: 'B', contexts, user })
    expect(decodeAssociateRequest(body(request)).user).toEqual(user)
  })

  it.each<[string, string]>([
    ['a window of three bytes', '53000003000100'],
    ['a role without its flags', '540000040002312e'],
    ['a role for what is no UID', '5400000600024142' + '0101'],
    ['a user identity that runs out', '58000006' + '0100' + '00ff' + '4142'],
    ['a user identity with something after it', '58000008' + '0100' + '0001' + '41' + '0000' + '42'],
    ['a user identity of 9 KiB', '58002406' + '0100' + '2400' + '41'.repeat(0x2400) + '0000'],
  ])('refuses %s', (_name, hex) => {
    const item = Buffer.from(hex, 'hex')
    const header = Buffer.of(0x50, 0, 0, 0)
    header.writeUInt16BE(item.length, 2)
    expect(() =>
      decodeAssociateRequest(Buffer.concat([body(associateRequest()), header, item]).subarray(0)),
    ).not.toThrow() // only the first user information counts
    const request = body(associateRequest())
    const start = request.subarray(0, request.length - userInformationBytes)
    expect(() => decodeAssociateRequest(Buffer.concat([start, header, item]))).toThrow(malformed)
  })

  it.each([
    ['shorter than its fixed part', (pdu: Buffer) => pdu.subarray(0, 60)],
    ['an item that runs out of the PDU', (pdu: Buffer) => pdu.subarray(0, pdu.length - 3)],
    ['no application context', (pdu: Buffer) => pdu.subarray(0, 68)],
  ])('refuses %s', (_name, damage) => {
    expect(() => decodeAssociateRequest(damage(body(associateRequest())))).toThrow(malformed)
  })

  it.each([
    ['an even id', [2]],
    ['an id used twice', [1, 1]],
  ])('refuses presentation contexts with %s', (_name, ids) => {
    const contexts = ids.map((id) => ({ id, abstractSyntax: ctImage, transferSyntaxes: [explicitLittle] }))
    expect(() => decodeAssociateRequest(body(associateRequest({ contexts })))).toThrow(malformed)
  })

  it('refuses a UID that is none, and a maximum length nobody can mean', () => {
    const contexts = [{ id: 1, abstractSyntax: '../../etc', transferSyntaxes: [explicitLittle] }]
    expect(() => decodeAssociateRequest(body(associateRequest({ contexts })))).toThrow(malformed)
    expect(() => decodeAssociateRequest(body(associateRequest({ maxPduLength: 5 })))).toThrow(malformed)
  })
})

describe('P-DATA-TF', () => {
  it('yields its values in order', () => {
    const values = decodePdvs(
      body(dataPdu(pdv(1, 3, Buffer.from('command')), pdv(3, 0, Buffer.from('data')))),
    )
    expect(values.map((value) => ({ ...value, fragment: value.fragment.toString() }))).toEqual([
      { contextId: 1, isCommand: true, isLast: true, fragment: 'command' },
      { contextId: 3, isCommand: false, isLast: false, fragment: 'data' },
    ])
  })

  it.each([
    ['no value', ''],
    ['a value without control byte', '0000000101'],
    ['a value shorter than its header', '000000010103'],
    ['a value longer than the PDU', '000000ff0103aabb'],
    ['bytes left over', '000000020103aabb'],
    ['a length of 4 GiB', 'ffffffff0103aabb'],
  ])('is refused as a whole when it holds %s', (_name, hex) => {
    expect(() => decodePdvs(Buffer.from(hex, 'hex'))).toThrow(malformed)
  })
})

it('A-ASSOCIATE-RJ and A-ABORT carry their reasons', () => {
  expect(decodeReject(body(rejectPdu({ result: 1, source: 2, reason: 3 })))).toEqual({
    result: 1,
    source: 2,
    reason: 3,
  })
  expect(decodeAbort(body(abortPdu(2, 6)))).toEqual({ source: 2, reason: 6 })
  // spec PS3.8 §9.3.8: a service user gives no reason
  expect(decodeAbort(body(abortPdu(0, 6)))).toEqual({ source: 0, reason: 0 })
})
