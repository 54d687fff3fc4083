import { dimseError } from '../dimse-error.ts'
import { isUid } from '../uids.ts'
import { decodeItems, encodeItem, textOf } from './associate-items.ts'

/** The user information item of A-ASSOCIATE-RQ and -AC: PS3.8 annex D, PS3.7 annex D.3.3. */
export interface UserInformation {
  /** The longest P-DATA-TF the sender of this PDU takes; 0 is no limit. */
  maxPduLength: number
  implementationClassUid: string
  implementationVersion: string
  /** Asynchronous operations window; absent is one at a time, 0 is no limit. Seen from the requestor in both PDUs. */
  operations?: { invoked: number; performed: number }
  roles?: RoleSelection[]
  identity?: UserIdentity
  /** In an A-ASSOCIATE-AC: the identity was taken. */
  identityAccepted?: boolean
}

/** What the association requestor is for a class; each is a proposal, then an answer (PS3.7 D.3.3.4). */
export interface RoleSelection {
  sopClassUid: string
  user: boolean
  provider: boolean
}

export interface UserIdentity {
  /** 1 username, 2 username and passcode, 3 Kerberos, 4 SAML, 5 JSON web token. */
  type: number
  wantsAnswer: boolean
  primary: Buffer
  secondary: Buffer
}

const item = {
  maxLength: 0x51,
  implementationClass: 0x52,
  operationsWindow: 0x53,
  roleSelection: 0x54,
  implementationVersion: 0x55,
  userIdentity: 0x58,
  userIdentityAnswer: 0x59,
} as const

/** Smaller than any response of ours: nobody can mean it. */
const smallestMaxPduLength = 128
/** Of a user identity, both halves together. */
const maxIdentityBytes = 8192

export function encodeUserInformation(user: UserInformation): Buffer {
  const { operations, roles = [], identity, identityAccepted } = user
  return Buffer.concat([
    encodeItem(item.maxLength, numberOf(user.maxPduLength, 4)),
    encodeItem(item.implementationClass, Buffer.from(user.implementationClassUid, 'latin1')),
    ...(operations === undefined
      ? []
      : [
          encodeItem(
            item.operationsWindow,
            numberOf(operations.invoked, 2),
            numberOf(operations.performed, 2),
          ),
        ]),
    ...roles.map(({ sopClassUid, user: scu, provider }) =>
      encodeItem(
        item.roleSelection,
        prefixed(Buffer.from(sopClassUid, 'latin1')),
        Buffer.of(Number(scu), Number(provider)),
      ),
    ),
    encodeItem(item.implementationVersion, Buffer.from(user.implementationVersion, 'latin1')),
    ...(identity === undefined
      ? []
      : [
          encodeItem(
            item.userIdentity,
            Buffer.of(identity.type, Number(identity.wantsAnswer)),
            prefixed(identity.primary),
            prefixed(identity.secondary),
          ),
        ]),
    ...(identityAccepted === true ? [encodeItem(item.userIdentityAnswer, prefixed(Buffer.alloc(0)))] : []),
  ])
}

/** Sub-items not named here (extended negotiation) are passed over. */
export function decodeUserInformation(value: Buffer): UserInformation {
  const user: UserInformation = { maxPduLength: 0, implementationClassUid: '', implementationVersion: '' }
  for (const sub of decodeItems(value)) {
    if (sub.type === item.maxLength) user.maxPduLength = decodeMaxLength(sub.value)
    else if (sub.type === item.implementationClass) user.implementationClassUid = textOf(sub.value)
    else if (sub.type === item.implementationVersion) user.implementationVersion = textOf(sub.value)
    else if (sub.type === item.operationsWindow) user.operations = decodeOperations(sub.value)
    else if (sub.type === item.roleSelection) (user.roles ??= []).push(decodeRole(sub.value))
    else if (sub.type === item.userIdentity) user.identity = decodeIdentity(sub.value)
    else if (sub.type === item.userIdentityAnswer) user.identityAccepted = true
  }
  return user
}

function decodeMaxLength(value: Buffer): number {
  if (value.length !== 4) throw malformed('maximum length')
  const maxPduLength = value.readUInt32BE(0)
  if (maxPduLength > 0 && maxPduLength < smallestMaxPduLength) throw malformed('maximum length')
  return maxPduLength
}

function decodeOperations(value: Buffer) {
  if (value.length !== 4) throw malformed('asynchronous operations window')
  return { invoked: value.readUInt16BE(0), performed: value.readUInt16BE(2) }
}

function decodeRole(value: Buffer): RoleSelection {
  const [uid, rest] = splitPrefixed(value, 'role selection')
  const sopClassUid = textOf(uid)
  if (rest.length !== 2 || !isUid(sopClassUid)) throw malformed('role selection')
  return { sopClassUid, user: rest[0] === 1, provider: rest[1] === 1 }
}

function decodeIdentity(value: Buffer): UserIdentity {
  if (value.length < 6 || value.length > maxIdentityBytes) throw malformed('user identity')
  const [primary, rest] = splitPrefixed(value.subarray(2), 'user identity')
  const [secondary, none] = splitPrefixed(rest, 'user identity')
  if (none.length > 0) throw malformed('user identity')
  // a copy: the PDU's buffer is used again
  return {
    type: value.readUInt8(0),
    wantsAnswer: value[1] === 1,
    primary: Buffer.from(primary),
    secondary: Buffer.from(secondary),
  }
}

function splitPrefixed(value: Buffer, what: string): [Buffer, Buffer] {
  if (value.length < 2 || value.readUInt16BE(0) > value.length - 2) throw malformed(what)
  const end = 2 + value.readUInt16BE(0)
  return [value.subarray(2, end), value.subarray(end)]
}

const prefixed = (value: Buffer) => Buffer.concat([numberOf(value.length, 2), value])

function numberOf(value: number, bytes: 2 | 4): Buffer {
  const encoded = Buffer.alloc(bytes)
  encoded.writeUIntBE(value, 0, bytes)
  return encoded
}

const malformed = (what: string) => dimseError('PDU_MALFORMED', { what })
