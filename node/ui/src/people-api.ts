import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser'
import { startAuthentication, startRegistration } from '@simplewebauthn/browser'
import { call } from './api.ts'
import type { Role, Session } from './api-types.ts'

/** Calls of log-in, account and users (spec 23). */

export interface SignInOptions {
  signOn: boolean
  /** Where passkeys are good. */
  passkeys: string | null
}
export interface OwnAccount {
  signedOn: boolean
  secondFactor: { totp: boolean; recoveryCodesLeft: number; required: boolean }
  passkeys: { id: string; name: string; addedAt: string; usedAt?: string }[]
  sessions: { id: string; address: string; begun: string; seen: string; isLocked: boolean; isThis: boolean }[]
}
export interface User {
  id: string
  name: string
  role: Role
  disabled: boolean
  secondFactor: 'none' | 'set'
}
/** By the hospital's own log-in: here now, or kept out. Who is not here has no role that we know. */
export interface SignedOn {
  id: string
  name: string
  role?: Role
  disabled: boolean
}
export interface Proof {
  password: string
  code?: string
}
type Codes = { recoveryCodes?: string[] }

const one = encodeURIComponent
/** Asks the browser for a passkey; rejects when the person does not give one. */
async function askPasskey() {
  const optionsJSON = await call<PublicKeyCredentialRequestOptionsJSON>('POST', '/session/passkey-challenges')
  return startAuthentication({ optionsJSON })
}

export const peopleApi = {
  options: () => call<SignInOptions>('GET', '/session/options'),
  logIn: (who: Proof & { username: string }) => call<Session>('POST', '/session', who),
  logInByPasskey: async () => call<Session>('POST', '/session/passkey', { response: await askPasskey() }),
  /** `act`: what it is for, when it is to count for that alone. */
  signOn: async (confirm: boolean, act?: 'emergency') => {
    const body = { ...(confirm ? { confirm } : {}), ...(act === undefined ? {} : { for: act }) }
    const { url } = await call<{ url: string }>('POST', '/session/sign-on', body)
    location.assign(url)
  },
  lock: () => call<void>('POST', '/session/lock'),
  unlock: (proof: Proof) => call<Session>('POST', '/session/unlock', proof),
  unlockByPasskey: async () => call<Session>('POST', '/session/unlock', { passkey: await askPasskey() }),
  confirm: (proof: Proof) => call<object>('POST', '/session/confirmations', proof),
  confirmByPasskey: async (act?: 'emergency') =>
    call<object>('POST', '/session/confirmations', {
      passkey: await askPasskey(),
      ...(act === undefined ? {} : { for: act }),
    }),
  account: () => call<OwnAccount>('GET', '/account'),
  beginTotp: () => call<{ secret: string; otpauth: string }>('POST', '/account/totp'),
  confirmTotp: (code: string) => call<Codes>('POST', '/account/totp/confirmation', { code }),
  newCodes: () => call<Codes>('POST', '/account/recovery-codes'),
  setPassword: (password: string) => call<void>('PUT', '/account/password', { password }),
  addPasskey: async (name: string) => {
    const optionsJSON = await call<PublicKeyCredentialCreationOptionsJSON>(
      'POST',
      '/account/passkeys/challenges',
    )
    const response = await startRegistration({ optionsJSON })
    return call<Codes>('POST', '/account/passkeys', { name, response })
  },
  renamePasskey: (id: string, name: string) => call<void>('PUT', `/account/passkeys/${one(id)}`, { name }),
  removePasskey: (id: string) => call<void>('DELETE', `/account/passkeys/${one(id)}`),
  endSession: (id: string) => call<void>('DELETE', `/account/sessions/${one(id)}`),
  users: () => call<{ users: User[]; signedOn: SignedOn[] }>('GET', '/users'),
  addUser: (user: { id: string; name: string; role: Role; password: string }) =>
    call<object>('POST', '/users', user),
  resetSecondFactor: (id: string) => call<void>('POST', `/users/${one(id)}/second-factor-resets`),
  setDisabled: (id: string, disabled: boolean) => call<void>('PUT', `/users/${one(id)}/state`, { disabled }),
  openLaunch: (handle: string) => call<void>('POST', '/launches/openings', { handle }),
  claimLaunch: () => call<{ bsn: string; studyInstanceUid?: string }>('POST', '/launches/claims'),
}
