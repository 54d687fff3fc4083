import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { hashPassword, newSecret, readSecret, stepOf, UsedCodes } from '@twiin/web'
import { cheapPassword, codeAt as codeOf } from '@twiin/web/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Accounts } from './accounts.ts'
import { AccountsFile } from './accounts-file.ts'
import type { Account } from './accounts-file.ts'
import { sealSecret } from './sealed-secret.ts'

const password = 'een lang wachtwoord'
const hash = hashPassword(password, cheapPassword)
const secret = newSecret()
const sealer = new Sealer(Buffer.alloc(32, 7))
let dir: string
let clock: ManualClock
let file: AccountsFile
let store: Store
let accounts: Accounts

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-people-'))
  clock = new ManualClock()
  file = new AccountsFile({ file: join(dir, 'people.json') })
  await open()
  await file.put(await account())
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})

async function open(): Promise<void> {
  store = new Store({ dir: join(dir, 'store') }, { sealer })
  await store.start()
  accounts = new Accounts({}, { file, sealer, usedCodes: new UsedCodes({}, { store }), clock })
}
async function account(other: Partial<Account> = {}): Promise<Account> {
  const { id = 'jansen' } = other
  const totpSecret = sealSecret(sealer, id, secret)
  return {
    id,
    name: 'J. Jansen (fictief)',
    role: 'administrator',
    password: await hash,
    totpSecret,
    ...other,
  }
}
const codeAt = (seconds = 0) => codeOf(secret, clock.now() + seconds * 1000)
const logIn = (code = codeAt()) => accounts.byPassword('jansen', password, code)

describe('a log-in', () => {
  it('takes the password and the code of now, of the step before, or of the step after', async () => {
    expect(await logIn(codeAt(-30))).toEqual({
      id: 'jansen',
      name: 'J. Jansen (fictief)',
      role: 'administrator',
    })
    expect(await logIn(codeAt())).toMatchObject({ id: 'jansen' })
    expect(await logIn(codeAt(30))).toMatchObject({ id: 'jansen' })
    await clock.advance(600_000)
    for (const code of [codeAt(-60), codeAt(60), '', '12345', 'abcdef'])
      expect(await logIn(code)).toBeUndefined()
    expect(await accounts.byPassword('jansen', 'fout', codeAt())).toBeUndefined()
    expect(await accounts.byPassword('niemand', password, codeAt())).toBeUndefined()
  })

  it('is none while the file cannot be read', async () => {
    await writeFile(join(dir, 'people.json'), '{')
    await expect(logIn()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('a code', () => {
  it('counts once, also when it is used many times at the same moment', async () => {
    const tries = await Promise.all(Array.from({ length: 3 }, () => logIn()))
    expect(tries.filter((person) => person !== undefined)).toHaveLength(1)
    expect(await logIn()).toBeUndefined()
    await clock.advance(30_000)
    expect(await logIn(codeAt(-30))).toBeUndefined()
    expect(await logIn()).toBeDefined()
  })

  it('does not count again for a confirmation, or after a restart', async () => {
    const person = (await logIn())!
    expect(await accounts.confirms(person, codeAt())).toBe(false)
    await store.stop()
    await open()
    expect(await logIn()).toBeUndefined()
    expect(await accounts.confirms(person, codeAt(30))).toBe(true)
  })

  it('is not used up by a wrong password', async () => {
    expect(await accounts.byPassword('jansen', 'fout', codeAt())).toBeUndefined()
    expect(await logIn()).toBeDefined()
  })

  it('of another secret counts by itself', async () => {
    await logIn(codeAt(30))
    const other = newSecret()
    await file.put(await account({ totpSecret: sealSecret(sealer, 'jansen', other) }))
    expect(await logIn(codeOf(other, clock.now()))).toBeDefined()
  })

  it('is that of RFC 6238, appendix B', () => {
    const rfc = readSecret('gezd gnbv gy3t qojq gezd gnbv gy3t qojq')
    for (const [seconds, code] of [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [20_000_000_000, '353130'],
    ] as const)
      expect(stepOf(rfc, code, seconds * 1000)).toBe(Math.floor(seconds / 30))
  })
})

describe('a person', () => {
  it.each<[string, () => Promise<void>]>([
    ['removed', () => file.remove('jansen')],
    ['given another role', async () => file.put(await account({ role: 'auditor' }))],
    [
      'given another password',
      async () => file.put(await account({ password: await hashPassword('anders', cheapPassword) })),
    ],
  ])('%s is no longer who logged in', async (_what, change) => {
    const person = (await logIn())!
    expect(accounts.stillThere(person)).toBe(true)
    await change()
    expect(accounts.stillThere(person)).toBe(false)
  })
})
