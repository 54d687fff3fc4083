import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import { shareCertificateErrors, shareFileErrors } from './check-share.ts'
import type { Settings } from './settings.ts'
import { shareFiles } from './share-settings.ts'

/** The files the settings name have to be there; the token only until it was used. Throws `CONFIG_INVALID`. */
export function checkFiles(settings: Settings): void {
  const { registry } = settings
  requireFiles({
    ...standingFiles(settings),
    ...(isEnrolled(settings) ? {} : { 'registry.enrolmentTokenFile': registry.enrolmentTokenFile }),
  })
  refuse(shareFileErrors(settings))
}

/**
 * The same before the registry has approved: says whether the token is still to come. Sees more than a start does, which
 * goes on with a certificate that has ended since. Throws `CONFIG_INVALID`.
 */
export function checkFilesBeforeApproval(settings: Settings, now = Date.now()): { awaitsToken: boolean } {
  requireFiles(standingFiles(settings))
  refuse(shareFileErrors(settings))
  refuse(shareCertificateErrors(settings, now))
  const { enrolmentTokenFile: token } = settings.registry
  return { awaitsToken: !isEnrolled(settings) && (token === undefined || !existsSync(token)) }
}

/** All but the token, which is used once. */
const standingFiles = (settings: Settings): Record<string, string> => ({
  ...trustFiles(settings),
  ...hl7Files(settings),
  ...dicomTlsFiles(settings),
  ...archiveFiles(settings),
  ...signInFiles(settings),
  ...mitzFiles(settings),
  ...syslogFiles(settings),
  ...shareFiles(settings),
})

const isEnrolled = ({ dataDir }: Settings) => existsSync(join(dataDir, 'identity', 'node.pem'))

const trustFiles = ({ trust, registry }: Settings) => ({
  'trust.rootCertificateFile': trust.rootCertificateFile,
  'registry.caFile': registry.caFile,
})

const hl7Files = ({ hl7 }: Settings) =>
  hl7?.tls === undefined
    ? {}
    : {
        'hl7.tls.certificateFile': hl7.tls.certificateFile,
        'hl7.tls.keyFile': hl7.tls.keyFile,
        ...(hl7.tls.clientCaFile === undefined ? {} : { 'hl7.tls.clientCaFile': hl7.tls.clientCaFile }),
      }

const dicomTlsFiles = ({ dicom: { tls } }: Settings) =>
  tls === undefined
    ? {}
    : {
        'dicom.tls.certificateFile': tls.certificateFile,
        'dicom.tls.keyFile': tls.keyFile,
        ...(tls.caFile === undefined ? {} : { 'dicom.tls.caFile': tls.caFile }),
      }

const archiveFiles = ({ archive }: Settings): Record<string, string> =>
  archive?.authorizationFile === undefined ? {} : { 'archive.authorizationFile': archive.authorizationFile }

const signInFiles = ({ signIn: { oidc } }: Settings) =>
  oidc === undefined ? {} : { 'signIn.oidc.clientSecretFile': oidc.clientSecretFile }

const mitzFiles = ({ consent: { mitz } }: Settings): Record<string, string> =>
  mitz === undefined
    ? {}
    : {
        'consent.mitz.certificateFile': mitz.certificateFile,
        'consent.mitz.keyFile': mitz.keyFile,
        'consent.mitz.caFile': mitz.caFile,
      }

const syslogFiles = ({ audit: { syslog } }: Settings) =>
  syslog === undefined
    ? {}
    : {
        'audit.syslog.caFile': syslog.caFile,
        ...(syslog.certificateFile === undefined
          ? {}
          : { 'audit.syslog.certificateFile': syslog.certificateFile }),
        ...(syslog.keyFile === undefined ? {} : { 'audit.syslog.keyFile': syslog.keyFile }),
      }

function requireFiles(needed: Record<string, string | undefined>): void {
  const missing = Object.entries(needed)
    .filter(([, file]) => file === undefined || !existsSync(file))
    .map(
      ([setting, file]) => `${setting}: ${file === undefined ? 'needed to enrol' : `no such file: ${file}`}`,
    )
  refuse(missing.length > 0 ? missing : noCertificates(needed))
}

function refuse(errors: readonly string[]): void {
  if (errors.length > 0) throw new TwiinError('CONFIG_INVALID', { errors: errors.join('; ') })
}

/** Those that hold certificates: another file in the place of one is found here, not when it is needed. */
function noCertificates(files: Record<string, string | undefined>): string[] {
  return Object.entries(files).flatMap(([setting, file]) =>
    file === undefined || !certificateSettings.test(setting) || hasCertificate(file)
      ? []
      : [`${setting}: no certificate in ${file}`],
  )
}

const certificateSettings = /(?:certificateFile|caFile|rootCertificateFile)$/i
const hasCertificate = (file: string) => readFileSync(file, 'latin1').includes('-----BEGIN CERTIFICATE-----')
