import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sealer } from '@twiin/store'
import { newSecret } from '@twiin/web'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AccountsFile } from './accounts-file.ts'
import type { Account } from './accounts-file.ts'
import { openSecret, sealSecret } from './sealed-secret.ts'

const sealer = new Sealer(Buffer.alloc(32, 7))
const secret = newSecret()
const jansen: Account = {
  ...{ id: 'jansen', name: 'J. Jansen (fictief)', role: 'administrator', password: 'scrypt$$' },
  totpSecret: sealSecret(sealer, 'jansen', secret),
}
let path: string
let file: AccountsFile
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'twiin-people-')), 'people.json')
  file = new AccountsFile({ file: path })
  await file.put(jansen)
})
afterEach(() => rm(join(path, '..'), { recursive: true }))

test('the file is for its owner only, and a secret in it opens for its own account only', async () => {
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readFile(path, 'utf8')).not.toContain(secret)
  const { totpSecret } = file.find('jansen')!
  expect(openSecret(sealer, 'jansen', totpSecret)).toBe(secret)
  expect(() => openSecret(sealer, 'pietersen', totpSecret)).toThrow('SEAL_BROKEN')
})

test('an account takes the place of the one by its id, and is seen by who reads the file at once', async () => {
  const reader = new AccountsFile({ file: path })
  expect(reader.list()).toEqual([jansen])
  await file.put({ ...jansen, role: 'auditor' })
  expect(reader.list()).toEqual([{ ...jansen, role: 'auditor' }])
  await file.remove('jansen')
  expect(reader.list()).toEqual([])
})

test.each([
  [{ id: 'Jansen' }, 'ACCOUNT_INVALID'],
  [{ id: 'j' }, 'ACCOUNT_INVALID'],
  [{ name: 'two\nlines' }, 'ACCOUNT_INVALID'],
  [{ id: 'console' }, 'ID_RESERVED'],
  [{ id: 'approver', role: 'auditor' as const }, 'ROLE_FIXED'],
])('an account is not taken with %j', async (other, code) => {
  await expect(file.put({ ...jansen, ...other })).rejects.toMatchObject({ code })
  expect(file.list()).toEqual([jansen])
})

test.each(['{', '{"people":{}}', '{"people":[{"id":"a"}]}', '{"people":[],"more":1}', '['.repeat(100_000)])(
  'a file that reads %s names nobody',
  async (text) => {
    await writeFile(path, text)
    expect(() => file.find('jansen')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  },
)
