import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { createSecureContext } from 'node:tls'
import { codeOf } from '@twiin/runtime'
import { isOwnMachine, TrustedProxies } from '@twiin/web'
import type { Settings } from './settings.ts'
import type { ShareSettings } from './share-settings.ts'

type WithShare = Pick<Settings, 'share' | 'web' | 'demo'>

/** What does not agree, or is not what it has to be; without a look at any file. */
export function shareErrors({ share, web, demo }: WithShare): string[] {
  if (share === undefined) return []
  const { certificateFile, keyFile, sms, mail, oidc } = share
  return [
    ...urlErrors('/share/publicUrl', share.publicUrl),
    ...originErrors(share, web),
    ...((certificateFile === undefined) === (keyFile === undefined)
      ? []
      : ['/share needs certificateFile and keyFile together']),
    ...share.trustedProxies
      .filter((place) => !isPlace(place))
      .map((place) => `/share/trustedProxies has no address or network: ${place}`),
    ...(/\d/.test(share.helpPhone) ? [] : ['/share/helpPhone has no digit']),
    ...(mail === undefined ? [] : mailErrors(mail)),
    ...(sms === undefined ? [] : smsErrors(sms, demo)),
    ...(oidc === undefined ? [] : urlErrors('/share/oidc/issuer', oidc.issuer)),
    ...(oidc?.simulator === true && !demo
      ? ['/share/oidc/simulator goes with demo: true: who logs in there is nobody']
      : []),
  ]
}

function isPlace(place: string): boolean {
  try {
    return new TrustedProxies([place]) !== undefined
  } catch {
    return false
  }
}

function urlErrors(place: string, url: string): string[] {
  if (!URL.canParse(url)) return [`${place} is no address`]
  const { username, password } = new URL(url)
  return username === '' && password === '' ? [] : [`${place} must not hold a name or password`]
}

/** Cookies and scripts of the two would be each other's; and links would lead to the log-in of the staff. */
function originErrors({ publicUrl }: ShareSettings, web: Settings['web']): string[] {
  if (!URL.canParse(publicUrl)) return []
  const { origin, hostname: host, port } = new URL(publicUrl)
  const ofStaff =
    web.publicUrl !== undefined && URL.canParse(web.publicUrl) ? new URL(web.publicUrl) : undefined
  if (ofStaff?.origin === origin) return ['/share/publicUrl is web.publicUrl too: it needs a name of its own']
  const isThere = isHere(host) || host === ofStaff?.hostname
  return isThere && Number(port || 443) === web.port ? ['/share/publicUrl has the port of web'] : []
}

const isHere = (host: string) =>
  host === 'localhost' || host === hostname() || isOwnMachine(host.replace(/^\[(.*)\]$/, '$1'))

/** As RFC 5322 §3.4 has it, of one: bare, or behind a name in angle brackets. */
const mailbox =
  /^(?:[^<>\r\n]*<)?([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(>?)$/

function mailErrors({ from, port, secure, user, passwordFile }: NonNullable<ShareSettings['mail']>) {
  const found = mailbox.exec(from)
  const isOne = found !== null && from.includes('<') === (found[2] === '>')
  return [
    ...(isOne ? [] : ['/share/mail/from is no address, such as "Ziekenhuis <beelden@ziekenhuis.example>"']),
    ...(port === 465 && !secure ? ['/share/mail/port 465 needs secure: true'] : []),
    ...((user === undefined) === (passwordFile === undefined)
      ? []
      : ['/share/mail needs user and passwordFile together']),
  ]
}

function smsErrors({ kind, url, dir }: NonNullable<ShareSettings['sms']>, demo: boolean): string[] {
  if (kind === 'http') return url === undefined ? ['/share/sms needs url'] : urlErrors('/share/sms/url', url)
  return [
    ...(dir === undefined ? ['/share/sms needs dir'] : []),
    ...(demo ? [] : ['/share/sms/kind folder goes with demo: true: nobody gets a code']),
  ]
}

/** What is in the files that would stop the node, or every message. Each of them is there. */
export function shareFileErrors({ share }: Pick<Settings, 'share'>): string[] {
  if (share === undefined) return []
  const { certificateFile, keyFile, mail, sms, oidc } = share
  return [
    ...(certificateFile === undefined || keyFile === undefined ? [] : pairErrors(certificateFile, keyFile)),
    ...secretErrors('share.mail.passwordFile', mail?.passwordFile),
    ...secretErrors('share.sms.authorizationFile', sms?.authorizationFile),
    ...secretErrors('share.oidc.clientSecretFile', oidc?.clientSecretFile),
  ]
}

function pairErrors(certificateFile: string, keyFile: string): string[] {
  const [cert, key] = [readFileSync(certificateFile), readFileSync(keyFile)]
  if (/ENCRYPTED/.test(key.toString('latin1')))
    return [`share.keyFile: has a passphrase, of which the node knows nothing: ${keyFile}`]
  try {
    createSecureContext({ cert })
  } catch (error) {
    return [`share.certificateFile: cannot be read as a certificate (${codeOf(error)}): ${certificateFile}`]
  }
  try {
    createSecureContext({ cert, key })
    // Of two kinds, such as RSA and EC, OpenSSL says nothing.
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return []
  } catch (error) {
    if (codeOf(error) !== 'ERR_OSSL_X509_KEY_VALUES_MISMATCH')
      return [`share.keyFile: cannot be read as a key (${codeOf(error)}): ${keyFile}`]
  }
  return [`share.keyFile: is not the key of share.certificateFile: ${keyFile}`]
}

function secretErrors(setting: string, file: string | undefined): string[] {
  if (file === undefined) return []
  const text = readFileSync(file, 'utf8').trim()
  if (text === '') return [`${setting}: nothing in ${file}`]
  return /[\r\n]/.test(text) ? [`${setting}: more than one line in ${file}`] : []
}

/** What patients' browsers would refuse. A node that runs goes on with it: its certificate may end at any restart. */
export function shareCertificateErrors({ share }: Pick<Settings, 'share'>, now: number): string[] {
  if (share?.certificateFile === undefined) return []
  const certificate = new X509Certificate(readFileSync(share.certificateFile))
  const host = new URL(share.publicUrl).hostname.replace(/^\[(.*)\]$/, '$1')
  const isFor = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)
  const about = `share.certificateFile: ${share.certificateFile}`
  return [
    ...(isFor === undefined ? [`${about} is not for ${host}, the host of share.publicUrl`] : []),
    ...(Date.parse(certificate.validFrom) > now ? [`${about} holds from ${certificate.validFrom} on`] : []),
    ...(Date.parse(certificate.validTo) <= now ? [`${about} ended on ${certificate.validTo}`] : []),
  ]
}

/** What is still to do before patients can come in; the node starts without it. */
export function shareTodos({ share }: Pick<Settings, 'share'>): string[] {
  if (share === undefined) return []
  const { publicUrl, certificateFile, host } = share
  return [
    ...(certificateFile !== undefined || isHere(new URL(publicUrl).hostname)
      ? []
      : ['share.certificateFile: without it browsers of patients warn of the certificate']),
    ...(isIP(host) === 0 || isOfThisMachine(host)
      ? []
      : [`share.host: ${host} is no address of this machine now`]),
  ]
}

const isOfThisMachine = (address: string) =>
  ['0.0.0.0', '::'].includes(address) ||
  isOwnMachine(address) ||
  Object.values(networkInterfaces()).some((each) => each?.some((one) => one.address === address))
