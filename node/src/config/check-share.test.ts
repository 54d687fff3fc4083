import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWebCertificate } from '@twiin/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkFiles, checkFilesBeforeApproval } from './check-files.ts'
import { shareTodos } from './check-share.ts'
import { loadSettings } from './load-settings.ts'

const dir = mkdtempSync(join(tmpdir(), 'twiin-share-config-'))
const day = 86_400_000
const put = (name: string, text: string) => writeFileSync(join(dir, name), text)

const minimal = {
  hospital: { name: 'Ziekenhuis Voorbeeld', ura: '90000001', patientIdIssuer: 'VOORBEELD' },
  ...{ dataDir: 'data', trust: { domain: 'twiin.example', rootCertificateFile: 'root.pem' } },
  registry: { url: 'https://127.0.0.1:1', caFile: 'root.pem', enrolmentTokenFile: 'token' },
  peer: { listen: ['/ip4/127.0.0.1/tcp/4001'] },
  dicom: { port: 104, aeTitle: 'TWIIN', callingAeTitles: ['STORESCU'] },
  pacs: { port: 105, aeTitle: 'PACS', callingAeTitle: 'TWIIN' },
  ...{ web: { port: 8443, publicUrl: 'https://twiin.voorbeeld.example:8443' }, peopleFile: 'people.json' },
}
const share = {
  ...{ port: 9443, publicUrl: 'https://beelden.voorbeeld.example', helpPhone: '088 123 45 67' },
  ...{ certificateFile: 'share.pem', keyFile: 'share.key' },
}
const mail = { host: 'smtp.voorbeeld.example', from: 'Ziekenhuis <beelden@voorbeeld.example>' }
const oidc = {
  ...{ issuer: 'https://broker.example', clientId: 'x', clientSecretFile: 'secret' },
  ...{ bsnClaim: 'bsn', label: 'DigiD' },
}
/** JSON is YAML. */
function load(more: object, rest: object = {}) {
  put('node.yaml', JSON.stringify({ ...minimal, share: { ...share, ...more }, ...rest }))
  return loadSettings(join(dir, 'node.yaml'), {})
}

let other: Awaited<ReturnType<typeof createWebCertificate>>
beforeAll(async () => {
  const of = { commonName: 'Voorbeeld', dnsNames: ['beelden.voorbeeld.example'], ipAddresses: [] }
  const made = await createWebCertificate({ ...of, at: new Date() })
  other = await createWebCertificate({ ...of, at: new Date() })
  put('share.pem', made.certificate)
  put('share.key', made.key)
  put('root.pem', made.caCertificate)
  put('secret', 'geheim\n')
  put('token', 'token')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('settings of shares', () => {
  it('that agree are taken', () => {
    const sms = { kind: 'http', url: 'https://sms.example/send', authorizationFile: 'secret' }
    const settings = load({ mail: { ...mail, user: 'twiin', passwordFile: 'secret' }, sms, oidc })
    expect(() => checkFiles(settings)).not.toThrow()
    expect(checkFilesBeforeApproval(settings)).toEqual({ awaitsToken: false })
    expect(shareTodos(settings)).toEqual([])
    for (const from of ['beelden@voorbeeld.example', '"Ziekenhuis, A" <a@b.example>'])
      expect(() => load({ mail: { ...mail, from } })).not.toThrow()
    expect(() => load({ mail: { ...mail, port: 465, secure: true } })).not.toThrow()
    const demo = { sms: { kind: 'folder', dir: 'sms' }, oidc: { ...oidc, simulator: true } }
    expect(() => load(demo, { demo: true })).not.toThrow()
  })

  it.each<[string, object, string]>([
    ['an address that is none', { publicUrl: 'https://[' }, '/share/publicUrl is no address'],
    ['a name in it', { publicUrl: 'https://a:b@c.example' }, '/share/publicUrl must not hold a name'],
    ['that of the staff', { publicUrl: 'https://twiin.voorbeeld.example:8443' }, 'is web.publicUrl too'],
    [
      'the port of the staff',
      { publicUrl: 'https://localhost:8443' },
      '/share/publicUrl has the port of web',
    ],
    ['a proxy by name', { trustedProxies: ['10.0.0.0/8', 'proxy.example'] }, '/share/trustedProxies has no'],
    ['a number without digits', { helpPhone: '( - )' }, '/share/helpPhone has no digit'],
    ['a gateway that is none', { sms: { kind: 'http', url: 'https://' } }, '/share/sms/url is no address'],
    ['a broker that is none', { oidc: { ...oidc, issuer: 'https://[' } }, '/share/oidc/issuer is no address'],
    ['a sender without address', { mail: { ...mail, from: 'Ziekenhuis' } }, '/share/mail/from is no address'],
    ['a sender half in brackets', { mail: { ...mail, from: 'a@b.example>' } }, '/share/mail/from is no'],
    ['port 465 in the clear', { mail: { ...mail, port: 465 } }, '/share/mail/port 465 needs secure: true'],
    ['codes to a folder', { sms: { kind: 'folder', dir: 'x' } }, '/share/sms/kind folder goes with demo'],
    ['a broker for show', { oidc: { ...oidc, simulator: true } }, '/share/oidc/simulator goes with demo'],
  ])('with %s are refused by name', (_what, more, says) => {
    expect(() => load(more)).toThrow(says)
  })

  it.each<[string, () => string | undefined, string]>([
    ['the key of another certificate', () => other.key, 'is not the key of share.certificateFile'],
    [
      'a key of another kind',
      () => rsa().export({ type: 'pkcs8', format: 'pem' }).toString(),
      'is not the key of share.certificateFile',
    ],
    [
      'a key with a passphrase',
      () => rsa().export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      'has a passphrase',
    ],
    ['what is no key', () => 'sleutel', 'cannot be read as a key'],
  ])('with %s are refused by name, at the start and by the check', (_what, key, says) => {
    put('other.key', key() ?? '')
    const settings = load({ keyFile: 'other.key' })
    for (const check of [checkFiles, checkFilesBeforeApproval])
      expect(() => check(settings)).toThrow(new RegExp(`errors=share.keyFile: ${says}`))
  })

  it('with a certificate that is none say so', () => {
    put('torn.pem', '-----BEGIN CERTIFICATE-----\nabc\n')
    expect(() => checkFiles(load({ certificateFile: 'torn.pem' }))).toThrow(
      /share.certificateFile: cannot be/,
    )
  })

  it('with a certificate of another name, or one that ended, are refused by the check; a node that runs goes on', () => {
    const elsewhere = load({ publicUrl: 'https://delen.voorbeeld.example' })
    expect(() => checkFilesBeforeApproval(elsewhere)).toThrow(/is not for delen.voorbeeld.example/)
    expect(() => checkFiles(elsewhere)).not.toThrow()
    const settings = load({})
    expect(() => checkFilesBeforeApproval(settings, Date.now() + 1000 * day)).toThrow(/ended on/)
    expect(() => checkFilesBeforeApproval(settings, Date.now() - 10 * day)).toThrow(/from .* on/)
  })

  it.each([
    ['share.mail.passwordFile', { mail: { ...mail, user: 'twiin', passwordFile: 'other' } }],
    [
      'share.sms.authorizationFile',
      { sms: { kind: 'http', url: 'https://a.example', authorizationFile: 'other' } },
    ],
    ['share.oidc.clientSecretFile', { oidc: { ...oidc, clientSecretFile: 'other' } }],
  ])('with nothing, or more than one line, in %s are refused by name', (setting, more) => {
    const settings = load(more)
    rmSync(join(dir, 'other'), { force: true })
    expect(() => checkFiles(settings)).toThrow(`${setting}: no such file`)
    put('other', ' \n')
    expect(() => checkFiles(settings)).toThrow(`${setting}: nothing in`)
    put('other', 'een\ntwee\n')
    expect(() => checkFiles(settings)).toThrow(`${setting}: more than one line in`)
  })

  it('that leave patients with a warning, or a door that is not there, are to be done', () => {
    const without = { certificateFile: undefined, keyFile: undefined }
    expect(shareTodos(load(without))).toEqual([expect.stringContaining('share.certificateFile')])
    expect(shareTodos(load({ ...without, publicUrl: 'https://localhost:9443' }))).toEqual([])
    expect(shareTodos(load({ host: '192.0.2.1' }))).toEqual([expect.stringContaining('192.0.2.1')])
    expect(shareTodos(load({ host: '0.0.0.0' }))).toEqual([])
  })
})

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
