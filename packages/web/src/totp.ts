import { TwiinError } from '@twiin/runtime'
import { generateSecret, generateSync, generateURI, verifySync } from 'otplib'

/** Codes of an authenticator app: RFC 6238 with SHA-1, six digits, thirty seconds, which every app can do. */

const stepSeconds = 30

/** 160 random bits in Base32 (RFC 4226 §4, R6). */
export const newSecret = (): string => generateSecret({ length: 20 })

/** A secret as somebody typed it, made canonical. Throws TOTP_SECRET_INVALID. */
export function readSecret(typed: string): string {
  const secret = typed.replaceAll(/[\s=]/g, '').toUpperCase()
  try {
    generateSync({ secret })
  } catch {
    // The library's error could quote it.
    throw new TwiinError('TOTP_SECRET_INVALID', { expected: 'Base32 of 16 to 64 bytes' })
  }
  return secret
}

/** What an authenticator app scans: whose code it is, and where it counts. */
export function enrolmentUrl({ issuer, id }: { issuer: string; id: string }, secret: string): string {
  return generateURI({ issuer, label: id, secret })
}

/** The time step whose code this is, now or one step away (RFC 6238 §5.2); undefined for a wrong code. */
export function stepOf(secret: string, code: string, now: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const epoch = Math.floor(now / 1000)
  const result = verifySync({ secret, token: code, epoch, epochTolerance: stepSeconds })
  return result.valid && 'timeStep' in result ? result.timeStep : undefined
}
