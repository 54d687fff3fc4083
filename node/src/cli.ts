import { text } from 'node:stream/consumers'
import { createLogger, systemClock, TwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { Command, Option } from 'commander'
import { auditCommands } from './anchor/commands.ts'
import { checkFiles, checkFilesBeforeApproval } from './config/check-files.ts'
import { shareTodos } from './config/check-share.ts'
import { ignoredVariables, loadSettings } from './config/load-settings.ts'
import type { Settings } from './config/settings.ts'
import { discCommands } from './disc/commands.ts'
import { applicationCommands } from './enrolment/commands.ts'
import { People, roles, tokenRoles } from './people/people-file.ts'
import type { Role, TokenRole } from './people/people-file.ts'
import { ruleCommands } from './routing/commands.ts'
import { version } from './version.ts'

/** How long an orderly stop may take before the process ends anyway. What was acknowledged is on disk already. */
const stopFuseMs = 8000

/** `twiin-node`: what a hospital's engineer does with a node. Secrets come in on standard input, never as arguments. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const program = new Command('twiin-node')
    .description('A hospital’s node in the Twiin network')
    .version(version)
  const withConfig = (command: Command) =>
    command.requiredOption('--config <file>', 'configuration file (YAML)')

  withConfig(program.command('serve').description('run the node')).action(({ config }: ConfigOption) =>
    serve(loadSettings(config)),
  )
  withConfig(
    program.command('config-check').description('judge the configuration file, change nothing'),
  ).action(({ config }: ConfigOption) => checkConfig(loadSettings(config)))
  auditCommands(program, print)

  applicationCommands(program, print)
  discCommands(program, print)
  ruleCommands(program, print)

  const role = new Option('--role <role>', 'what the account may do').choices(roles).makeOptionMandatory()
  const tokenRole = new Option('--role <role>', 'what the script or system may do')
    .choices(tokenRoles)
    .makeOptionMandatory()
  const account = (command: Command, mayDo: Option) =>
    withConfig(command)
      .requiredOption('--id <id>', 'log-in name')
      .requiredOption('--name <name>', 'as shown and logged')
      .addOption(mayDo)
  const users = program.command('users').description('people who log in')
  account(
    users.command('add').description('add or replace; the password is read from standard input'),
    role,
  ).action(addUser)
  withConfig(users.command('reset-second-factor'))
    .description('authenticator, recovery codes and passkeys count no more; the node may run')
    .requiredOption('--id <id>', 'log-in name')
    .action(resetSecondFactor)
  const tokens = program.command('tokens').description('bearer tokens for scripts')
  account(tokens.command('add').description('add or replace, and print the token'), tokenRole)
    .option('--token-stdin', 'read the token from standard input instead of making one')
    .action(addToken)
  await program.parseAsync([...argv])
}

interface ConfigOption {
  config: string
}
interface AccountOptions<R = Role> extends ConfigOption {
  id: string
  name: string
  role: R
  tokenStdin?: boolean
}

function checkConfig(settings: Settings): void {
  const { awaitsToken } = checkFilesBeforeApproval(settings)
  const ignored = ignoredVariables()
  const todo = [
    ...(awaitsToken
      ? ['registry.enrolmentTokenFile: put the token there once the registry has approved']
      : []),
    ...shareTodos(settings),
  ]
  print({
    ok: true,
    hospital: settings.hospital,
    ...(todo.length > 0 && { todo: todo.join('; ') }),
    ...(ignored.length > 0 && { ignored }),
  })
}

async function serve(settings: Settings): Promise<void> {
  checkFiles(settings)
  const log = createLogger({ level: settings.log.level }, { hospital: settings.hospital.ura })
  // Whatever escapes is a fault of ours: end, and let the start after it go by what is on disk.
  process.on('uncaughtException', (error) => endBy(log, 'uncaughtException', error))
  process.on('unhandledRejection', (error) => endBy(log, 'unhandledRejection', error))
  // Node would open its debugger, and with it the memory, to whatever process of this user asks by this signal.
  process.on('SIGUSR1', () => log.warn('signal ignored', { signal: 'SIGUSR1' }))
  for (const variable of ignoredVariables()) log.warn('environment variable sets nothing', { variable })
  // Only this command needs all of it: the others start in a fraction of the time.
  const { createNode } = await import('./node.ts')
  const node = await createNode(settings, { clock: systemClock, log })
  await node.start()
  log.info('node ready', { version, pid: process.pid })
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name))
  })
  log.info('stopping', { signal })
  setTimeout(() => process.exit(1), stopFuseMs).unref()
  await node.stop()
  log.info('stopped')
  process.exit(0)
}

function endBy(log: Logger, what: string, error: unknown): void {
  log.error(what, { error: error instanceof Error ? error.name : typeof error, at: firstFrame(error) })
  process.exit(70)
}

/** Where it happened: the message could hold patient data, the place cannot. */
function firstFrame(error: unknown): string | undefined {
  return error instanceof Error
    ? error.stack
        ?.split('\n')
        .find((line) => line.trimStart().startsWith('at '))
        ?.trim()
    : undefined
}

async function addUser({ config, id, name, role }: AccountOptions): Promise<void> {
  const password = (await text(process.stdin)).trim()
  if (password.length < 8) throw new TwiinError('PASSWORD_TOO_SHORT', { least: 8 })
  await new People({ file: loadSettings(config).peopleFile }).addUser({ id, name, role, password })
  print({ ok: true, id, role })
}

async function resetSecondFactor({ config, id }: ConfigOption & { id: string }): Promise<void> {
  await new People({ file: loadSettings(config).peopleFile }).resetSecondFactor(id, systemClock.now())
  print({ ok: true, id })
}

async function addToken({ config, id, name, role, tokenStdin }: AccountOptions<TokenRole>): Promise<void> {
  const given = tokenStdin === true ? { token: (await text(process.stdin)).trim() } : {}
  if (given.token !== undefined && given.token.length < 32)
    throw new TwiinError('TOKEN_TOO_SHORT', { least: 32 })
  const token = await new People({ file: loadSettings(config).peopleFile }).addToken({
    id,
    name,
    role,
    ...given,
  })
  print({ ok: true, id, role, token })
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
