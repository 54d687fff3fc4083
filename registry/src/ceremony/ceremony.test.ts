import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../config/read-settings.ts'
import type { Settings } from '../config/settings.ts'
import { holdRegistryCeremony, readPlan } from './hold-ceremony.ts'
import type { CeremonyResult } from './hold-ceremony.ts'
import { openKeys } from './keys.ts'

const run = promisify(execFile)
const passphrases = { root: 'a passphrase', issuing: 'another passphrase' }
const participants = ['voorzitter', 'beheerder van de registratie', 'getuige van een ziekenhuis']
let dir: string
let held: CeremonyResult
let settings: Settings

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-ceremony-'))
  const plan = readPlan({ dir, rootBits: 2560, issuingBits: 2048, participants })
  held = await holdRegistryCeremony(plan, passphrases, new Date())
  settings = await readSettings(held.configFile)
})
afterAll(() => rm(dir, { recursive: true }))

const read = (file: string) => readFile(join(dir, file), 'utf8')
const fingerprint = async (file: string) => {
  const { stdout } = await run('openssl', [
    'x509',
    '-in',
    join(dir, file),
    '-noout',
    '-fingerprint',
    '-sha256',
  ])
  return stdout.trim().split('=')[1]
}

describe('the record of a ceremony', () => {
  test('says what was made, when, with what and who was there, as OpenSSL shows it too', async () => {
    const { record } = held
    expect(JSON.parse(await read('authority/ceremony.json'))).toEqual(record)
    expect(held.recordFile).toBe(join(dir, 'authority/ceremony.json'))
    expect(record).toMatchObject({
      trustDomain: 'twiin.example',
      operator: { ura: '90000000' },
      participants,
      rootCertificate: { fingerprint: await fingerprint('authority/root.pem'), keyBits: 2560 },
      issuingCertificate: { fingerprint: await fingerprint('authority/issuing.pem'), keyBits: 2048 },
      peerId: held.peerId,
      versions: { registry: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string, node: process.versions.node },
    })
    expect(Math.abs(Date.parse(record.heldAt) - Date.now())).toBeLessThan(60_000)
    const { log } = await openKeys(settings.keys)
    expect(record.logPublicKey).toBe(Buffer.from(log.publicKey).toString('base64'))
  })

  test('lies as text with the root key, with a line for each to sign on, and holds no secret', async () => {
    const text = await read('offline/ceremony-record.txt')
    const { record } = held
    const facts = [
      record.heldAt,
      record.rootCertificate.fingerprint,
      record.issuingCertificate.fingerprint,
      record.logPublicKey,
      record.peerId,
      ...participants.map((role) => `${role}: ___`),
    ]
    for (const fact of facts) expect(text).toContain(fact)
    const { peer, log, keeperKey } = await openKeys(settings.keys)
    for (const secret of [peer.seed, log.seed, keeperKey.bytes])
      for (const encoding of ['hex', 'base64'] as const)
        expect(text + JSON.stringify(record)).not.toContain(Buffer.from(secret).toString(encoding))
  })

  test('names nobody who was not planned, and takes no lines that could pass for others', () => {
    expect(readPlan({ dir }).participants).toEqual([])
    const invalid = [['two\nlines'], [''], ['x'.repeat(81)], Array.from({ length: 17 }, () => 'getuige')]
    for (const refused of invalid)
      expect(() => readPlan({ dir, participants: refused })).toThrow('CEREMONY_PLAN_INVALID')
  })
})

test('a second ceremony overwrites nothing, also when the issuing key has moved into an HSM', async () => {
  const again = () => holdRegistryCeremony(readPlan({ dir }), passphrases, new Date())
  const key = await read('authority/issuing-key.pem')
  const before = await read('authority/root.pem')
  await expect(again()).rejects.toThrow('CEREMONY_HELD')
  await rm(settings.authority.issuingKey)
  await expect(again()).rejects.toThrow('CEREMONY_HELD')
  await writeFile(settings.authority.issuingKey, key)
  expect(await read('authority/root.pem')).toBe(before)
})

describe('the keys of a registry', () => {
  test('the key of the log comes back as it was made, sealed like the others', async () => {
    const [first, second] = [await openKeys(settings.keys), await openKeys(settings.keys)]
    expect(second.log.publicKey).toEqual(first.log.publicKey)
    expect(first.log.publicKey).not.toEqual(first.peer.publicKey)
    expect(await readdir(join(dir, 'keys'))).toEqual([
      'keeper.sealed',
      'log.sealed',
      'master.key',
      'peer.sealed',
    ])
    const sealed = await readFile(settings.keys.logKey)
    expect(sealed.includes(Buffer.from(first.log.seed))).toBe(false)
  })

  test('one of them in the place of another is not opened, and one that is gone is named', async () => {
    const elsewhere = join(dir, 'keys/elsewhere.sealed')
    await copyFile(settings.keys.peerKey, elsewhere)
    await expect(openKeys({ ...settings.keys, logKey: elsewhere })).rejects.toThrow('SEAL_BROKEN')
    await rm(elsewhere)
    for (const name of ['masterKey', 'peerKey', 'keeperKey', 'logKey'] as const) {
      const opened = openKeys({ ...settings.keys, [name]: elsewhere })
      await expect(opened).rejects.toMatchObject({ code: 'KEYS_MISSING', facts: { file: elsewhere } })
    }
    expect(await readdir(join(dir, 'keys'))).not.toContain('elsewhere.sealed')
  })
})
