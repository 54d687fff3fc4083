import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import { codeAt } from '@twiin/web/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'
import { peopleCommands } from './commands.ts'

const program = resolve(import.meta.dirname, '../../bin/twiin-registry')
const password = 'een lang wachtwoord'
let registry: TestRegistry
const configFile = () => join(registry.dir, 'registry.yaml')
beforeAll(async () => {
  registry = await TestRegistry.create()
}, 60_000)
afterAll(() => registry[Symbol.asyncDispose]())

async function people(name: string, flags: string[], input = `${password}\n`) {
  const said = { out: '', error: '' }
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  peopleCommands(program.command('people').copyInheritedSettings(program), {
    stdin: Readable.from([input]),
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.error += text) },
  })
  await program.parseAsync(['people', name, '--config', configFile(), ...flags], { from: 'user' })
  return { ...said, json: () => JSON.parse(said.out) as Record<string, string> }
}
const jansen = ['--id', 'jansen', '--name', 'J. Jansen (fictief)', '--role', 'administrator']
const logIn = (secret: string) => {
  const code = codeAt(secret, registry.clock.now())
  return registry.call('POST', '/api/v1/session', { json: { username: 'jansen', password, code } })
}

test('who has the machine adds a person, who then logs in; lists and removes them again', async () => {
  const added = (await people('add', [...jansen, '--json'])).json()
  const { secret = '', otpauth = '' } = added
  expect(added).toMatchObject({ id: 'jansen', role: 'administrator' })
  expect(new URL(otpauth).searchParams.get('secret')).toBe(secret)
  expect(await readFile(join(registry.dir, 'people.json'), 'utf8')).not.toContain(secret)
  expect(await logIn(secret)).toMatchObject({ status: 200 })

  const shown = { id: 'jansen', name: 'J. Jansen (fictief)', role: 'administrator' }
  expect((await people('list', ['--json'])).json()).toEqual([shown])
  expect((await people('list', [])).out).toMatch(/^jansen +administrator +J\. Jansen \(fictief\)\n$/)
  const removed = await people('remove', ['--id', 'jansen', '--json'])
  expect(removed.json()).toEqual({ id: 'jansen', state: 'removed' })
  await registry.clock.advance(60_000)
  expect(await logIn(secret)).toMatchObject({ status: 401 })
})

test('a secret may be given, and is the one that counts', async () => {
  const { out } = await people('add', [...jansen, '--totp-secret', 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP'])
  expect(out).toContain('secret: JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n')
  expect(await logIn('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')).toMatchObject({ status: 200 })
})

test('the program itself reads the password from standard input', async () => {
  const flags = ['people', 'add', '--config', configFile(), ...jansen, '--json']
  const child = spawn(program, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(`${password}\n`)
  const { secret } = JSON.parse(await text(child.stdout)) as { secret: string }
  await registry.clock.advance(60_000)
  expect(await logIn(secret)).toMatchObject({ status: 200 })
}, 60_000)

test.each([
  ['a short password', jansen, 'kort', 'PASSWORD_LENGTH'],
  ['a secret that is none', [...jansen, '--totp-secret', 'ABC1'], password, 'TOTP_SECRET_INVALID'],
  ['a name nobody can write', ['--id', 'J J', ...jansen.slice(2)], password, 'ACCOUNT_INVALID'],
  ['a role that does not exist', [...jansen.slice(0, 5), 'boss'], password, 'commander.invalidArgument'],
])('%s is refused with its reason', async (_what, flags, input, code) => {
  const before = (await people('list', ['--json'])).out
  await expect(people('add', flags, input)).rejects.toMatchObject({ code })
  expect((await people('list', ['--json'])).out).toBe(before)
})

test('removing somebody who is not there says so', async () => {
  await expect(people('remove', ['--id', 'niemand'])).rejects.toMatchObject({ code: 'ACCOUNT_UNKNOWN' })
})
