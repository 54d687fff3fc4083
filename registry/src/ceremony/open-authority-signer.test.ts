import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CertificateAuthority, NodeKey, holdCeremony } from '@twiin/identity'
import type { Signer } from '@twiin/identity'
import { systemClock } from '@twiin/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgeSettings } from '../config/read-settings.ts'
import type { Settings } from '../config/settings.ts'
import { openAuthoritySigner } from './open-authority-signer.ts'

const passphrases = { root: 'a passphrase', issuing: 'another passphrase' }
const passphrase = async () => passphrases.issuing
let dir: string
let pem: { rootCertificate: string; issuingCertificate: string }

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-signer-'))
  await mkdir(join(dir, 'authority'))
  const bits = { rootKeyBits: 2048, issuingKeyBits: 2048 }
  const options = {
    trustDomain: 'twiin.example',
    organisation: 'Twiin',
    at: new Date(),
    passphrases,
    ...bits,
  }
  const [ours, theirs] = await Promise.all([holdCeremony(options), holdCeremony(options)])
  pem = ours
  await write('authority/issuing.pem', ours.issuingCertificate)
  await write('authority/issuing-key.pem', ours.issuingKey)
  await write('authority/other.pem', theirs.issuingCertificate)
  await write('signer.js', aModule)
})
afterAll(() => rm(dir, { recursive: true }))

/** Stands for one that talks to an HSM: the key is where the options say, and the registry never reads it. */
const aModule = `
import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
export async function openSigner({ issuingCertificate, settings }) {
  if (!issuingCertificate.includes('BEGIN CERTIFICATE')) throw new Error('no certificate')
  const key = createPrivateKey({ key: readFileSync(settings.key), passphrase: settings.pin })
  return { sign: async (tbs) => sign('sha256', tbs, key) }
}`

const write = (file: string, text: string) => writeFile(join(dir, file), text)
const settingsWith = (authority: object): Settings =>
  judgeSettings(
    { trustDomain: 'twiin.example', operator: { organisation: 'Registry', ura: '90000000' }, authority },
    dir,
  )
const options = () => ({ key: join(dir, 'authority/issuing-key.pem'), pin: passphrases.issuing })
const refused = (authority: object) => openAuthoritySigner(settingsWith(authority), passphrase)

async function issuesWith(signer: Signer): Promise<string> {
  const authority = new CertificateAuthority(
    { trustDomain: 'twiin.example' },
    { signer, clock: systemClock, ...pem },
  )
  const { publicKey } = NodeKey.generate()
  const organisation = 'Ziekenhuis De Proef (fictief)'
  const subject = { organisation, ura: '90000001', declaredPatients: 1, role: 'member' as const, publicKey }
  const { der } = await authority.issueNodeCertificate(subject)
  await writeFile(join(dir, 'node.pem'), new X509Certificate(der).toString())
  await write('root.pem', pem.rootCertificate)
  const chain = ['-CAfile', 'root.pem', '-untrusted', 'authority/issuing.pem', 'node.pem']
  return execFileSync('openssl', ['verify', '-x509_strict', ...chain], { cwd: dir, encoding: 'utf8' })
}

describe('the signer of the authority', () => {
  test('is the key file, opened by its passphrase, when the settings name no other', async () => {
    expect(await issuesWith(await openAuthoritySigner(settingsWith({}), passphrase))).toContain('OK')
    await expect(openAuthoritySigner(settingsWith({}), async () => 'wrong one')).rejects.toThrow(
      'KEY_NOT_OPENED',
    )
  })

  test('is what a module opens, with its options as they are; no passphrase is asked for, no key file read', async () => {
    const settings = settingsWith({
      signerModule: 'signer.js',
      signerOptions: options(),
      issuingKey: 'authority/moved-into-the-hsm.pem',
    })
    const signer = await openAuthoritySigner(settings, () =>
      Promise.reject(new Error('asked for a passphrase')),
    )
    expect(await issuesWith(signer)).toContain('OK')
  })

  test('is refused at start when its key is not that of the issuing certificate', async () => {
    const other = { issuingCertificate: 'authority/other.pem' }
    await expect(refused(other)).rejects.toThrow('SIGNER_MISMATCH')
    await expect(refused({ ...other, signerModule: 'signer.js', signerOptions: options() })).rejects.toThrow(
      'SIGNER_MISMATCH',
    )
    const answers = ['new Uint8Array(256)', 'new Uint8Array()', "'text'", 'undefined']
    for (const [i, answer] of answers.entries()) {
      await write(`answer-${i}.js`, `export const openSigner = async () => ({ sign: async () => ${answer} })`)
      await expect(refused({ signerModule: `answer-${i}.js` })).rejects.toThrow('SIGNER_MISMATCH')
    }
  })

  test('is refused, and named, when its module cannot open it', async () => {
    const modules = {
      'syntax.js': 'export const = 1',
      'nothing.js': 'export const other = 1',
      'number.js': 'export const openSigner = 1',
      'throws.js': "export async function openSigner() { throw new Error('token not present') }",
      'no-signer.js': 'export const openSigner = async () => ({})',
      'undefined.js': 'export const openSigner = async () => undefined',
    }
    for (const [file, text] of Object.entries(modules)) await write(file, text)
    for (const file of [...Object.keys(modules), 'absent.js']) {
      const error = { code: 'SIGNER_NOT_OPENED', facts: { module: join(dir, file) } }
      await expect(refused({ signerModule: file })).rejects.toMatchObject(error)
    }
  })
})
