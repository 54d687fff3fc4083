import { text } from 'node:stream/consumers'
import { TwiinError } from '@twiin/runtime'
import { enrolmentUrl, hashPassword, newSecret, readSecret } from '@twiin/web'
import { Option } from 'commander'
import type { Command } from 'commander'
import { openKeys } from '../ceremony/keys.ts'
import { readSettings } from '../config/read-settings.ts'
import { AccountsFile } from './accounts-file.ts'
import { roles } from './staff.ts'
import type { Role } from './staff.ts'
import { sealSecret } from './sealed-secret.ts'

/** NIST SP 800-63B-4 §3.1.1.2: eight where it is not the only factor. */
const shortestPassword = 8
const longestPassword = 256

/** Where a password comes in and answers go out. */
export interface Terminal {
  stdin: AsyncIterable<Uint8Array | string>
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown }
}

interface Shared {
  config: string
  json?: true
}
interface Added extends Shared {
  id: string
  name: string
  role: Role
  totpSecret?: string
}

/** `twiin-registry people …`: the only way to make an account, for whoever has the machine. */
export function peopleCommands(people: Command, terminal: Terminal = process): void {
  const command = (name: string, description: string) =>
    people
      .command(name)
      .description(description)
      .option('--json', 'answer as JSON')
      .requiredOption('--config <file>', 'settings of the registry')
  command('add', 'add or replace an account; the password is read from standard input')
    .requiredOption('--id <id>', 'log-in name, public in the log of acts: no name of a person')
    .requiredOption('--name <name>', 'as colleagues see it')
    .addOption(new Option('--role <role>', 'what the account may do').choices(roles).makeOptionMandatory())
    .option('--totp-secret <secret>', 'Base32; made when not given')
    .action((flags: Added) => add(flags, terminal))
  command('list', 'list the accounts').action((flags: Shared) => list(flags, terminal))
  command('remove', 'remove an account; its sessions end at once')
    .requiredOption('--id <id>')
    .action(async (flags: Shared & { id: string }) => {
      await (await fileOf(flags)).remove(flags.id)
      print(flags, { id: flags.id, state: 'removed' }, terminal)
    })
}

async function add(flags: Added, terminal: Terminal): Promise<void> {
  const { id, name, role, totpSecret } = flags
  const settings = await readSettings(flags.config)
  const password = (await text(terminal.stdin)).replace(/\r?\n$/, '')
  if (password.length < shortestPassword || password.length > longestPassword)
    throw new TwiinError('PASSWORD_LENGTH', { atLeast: shortestPassword, atMost: longestPassword })
  const secret = totpSecret === undefined ? newSecret() : readSecret(totpSecret)
  const { sealer } = await openKeys(settings.keys)
  await new AccountsFile({ file: settings.peopleFile }).put({
    ...{ id, name, role },
    password: await hashPassword(password),
    totpSecret: sealSecret(sealer, id, secret),
  })
  print(
    flags,
    { id, name, role, secret, otpauth: enrolmentUrl({ issuer: 'Twiin registry', id }, secret) },
    terminal,
  )
  if (!flags.json)
    terminal.stderr.write('\nThe secret is shown this once: put it into an authenticator app now.\n')
}

async function list(flags: Shared, terminal: Terminal): Promise<void> {
  const people = (await fileOf(flags)).list().map(({ id, name, role }) => ({ id, name, role }))
  if (flags.json) return print(flags, people, terminal)
  for (const { id, name, role } of people)
    terminal.stdout.write(`${id.padEnd(32)}  ${role.padEnd(13)}  ${name}\n`)
}

async function fileOf({ config }: Shared): Promise<AccountsFile> {
  return new AccountsFile({ file: (await readSettings(config)).peopleFile })
}

function print({ json }: { json?: true }, answer: object, { stdout }: Terminal): void {
  const lines = Object.entries(answer).map(([name, value]) => `${name}: ${value}`)
  stdout.write(json ? `${JSON.stringify(answer, null, 2)}\n` : `${lines.join('\n')}\n`)
}
