import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { checkSigner, openSigner } from '@twiin/identity'
import type { Signer } from '@twiin/identity'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'

/** What a module named by `authority.signerModule` exports. */
interface SignerModule {
  openSigner(options: {
    /** PEM: the certificate whose key is to sign. */
    issuingCertificate: string
    /** `authority.signerOptions`, as it stands in the settings file. */
    settings: unknown
  }): Promise<Signer>
}

/**
 * The issuing key at work: from its encrypted file, or from a module of the operator's that reaches it in an HSM. The
 * passphrase is asked for with a file only. No signer is returned whose signatures the issuing certificate does not fit.
 * Throws KEY_NOT_OPENED, SIGNER_NOT_OPENED, SIGNER_MISMATCH.
 */
export async function openAuthoritySigner(
  { authority }: Pick<Settings, 'authority'>,
  passphrase: () => Promise<string>,
): Promise<Signer> {
  const { issuingKey, signerModule, signerOptions = {} } = authority
  const issuingCertificate = await readFile(authority.issuingCertificate, 'utf8')
  const signer =
    signerModule === undefined
      ? openSigner(await readFile(issuingKey, 'utf8'), await passphrase())
      : await openFromModule(signerModule, { issuingCertificate, settings: signerOptions })
  await checkSigner(signer, issuingCertificate)
  return signer
}

async function openFromModule(
  module: string,
  options: Parameters<SignerModule['openSigner']>[0],
): Promise<Signer> {
  try {
    const exported: unknown = await import(pathToFileURL(module).href)
    if (!opensSigners(exported)) throw notOpened(module, 'exports no openSigner')
    const signer: unknown = await exported.openSigner(options)
    if (!isSigner(signer)) throw notOpened(module, 'gave no signer')
    return signer
  } catch (cause) {
    throw isTwiinError(cause, 'SIGNER_NOT_OPENED') ? cause : notOpened(module, 'failed', { cause })
  }
}

const opensSigners = (module: unknown): module is SignerModule => hasMethod(module, 'openSigner')
const isSigner = (value: unknown): value is Signer => hasMethod(value, 'sign')
const hasMethod = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'

function notOpened(module: string, reason: string, options?: { cause: unknown }): TwiinError {
  return new TwiinError('SIGNER_NOT_OPENED', { module, reason }, options)
}
