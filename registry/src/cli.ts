import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TwiinError, createLogger, systemClock } from '@twiin/runtime'
import { Command } from 'commander'
import { parse } from 'yaml'
import { print } from './administration/command-line.ts'
import type { Shared } from './administration/command-line.ts'
import { backupCommands } from './backup/commands.ts'
import { applicationCommands, clinicCommands } from './clinics/commands.ts'
import { ceremonyText } from './ceremony/ceremony-record.ts'
import { holdRegistryCeremony, readPlan } from './ceremony/hold-ceremony.ts'
import { openAuthoritySigner } from './ceremony/open-authority-signer.ts'
import { readSettings } from './config/read-settings.ts'
import { directoryCommands } from './directory/commands.ts'
import { certificateCommands } from './issuance/commands.ts'
import { quotaCommands } from './keeper/commands.ts'
import { logCommands } from './log/commands.ts'
import { peopleCommands } from './people/commands.ts'
import { requestCommands } from './requests/commands.ts'
import { revocationCommands } from './revocation/commands.ts'
import { selfTestCommands } from './self-test/commands.ts'

type CeremonyFlags = Omit<Shared, 'config'> & {
  config?: string
  rootPassphraseFile?: string
  issuingPassphraseFile?: string
}

/** The command line. Answers go to stdout (`--json` for scripts), everything else to stderr. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const program = new Command('twiin-registry').description('Certifies clinics and keeps the token key.')
  const command = (name: string, description: string, parent = program) =>
    parent.command(name).description(description).option('--json', 'answer as JSON')

  command('ceremony', 'make the keys and settings of a new registry')
    .option('--config <file>', 'plan of the ceremony (YAML); flags go before it')
    .option('--dir <dir>', 'folder of the new registry')
    .option('--trust-domain <name>')
    .option('--organisation <name>')
    .option('--ura <number>')
    .option('--hostname <name...>', 'names and addresses of the HTTPS certificate')
    .option('--participants <role...>', 'who takes part, by role')
    .option('--root-bits <n>', 'default 4096')
    .option('--issuing-bits <n>', 'default 3072')
    .option('--root-passphrase-file <file>', 'else TWIIN_ROOT_PASSPHRASE')
    .option('--issuing-passphrase-file <file>', 'else TWIIN_ISSUING_PASSPHRASE')
    .action(ceremony)
  command('serve', 'run the registry').requiredOption('--config <file>', 'settings').action(serve)
  const group = (name: string, description: string) => program.command(name).description(description)
  clinicCommands(group('clinic', 'add a clinic'))
  applicationCommands(group('applications', 'who wants to join'))
  certificateCommands(group('certificates', 'certificates of clinics'))
  revocationCommands(program)
  requestCommands(group('requests', 'what waits for a second person'))
  quotaCommands(group('quota', 'tokens a day'))
  directoryCommands(program)
  backupCommands(program)
  selfTestCommands(group('self-test', 'whether a member exchanges'))
  logCommands(group('log', 'the transparency log'))
  peopleCommands(program.command('people').description('who may log in at the registry'))
  await program.parseAsync([...argv])
}

async function ceremony(flags: CeremonyFlags & Record<string, unknown>): Promise<void> {
  const { config, json: _, rootPassphraseFile, issuingPassphraseFile, hostname, ...rest } = flags
  const planned: unknown = config === undefined ? {} : parse(await readFile(config, 'utf8'))
  const given = { ...rest, ...(hostname !== undefined && { hostnames: hostname }) }
  const plan = readPlan({ ...(planned as object), ...given })
  const passphrases = {
    root: await passphrase(rootPassphraseFile, 'TWIIN_ROOT_PASSPHRASE'),
    issuing: await passphrase(issuingPassphraseFile, 'TWIIN_ISSUING_PASSPHRASE'),
    ...(issuingPassphraseFile !== undefined && { issuingFile: resolve(issuingPassphraseFile) }),
  }
  const { record, ...files } = await holdRegistryCeremony(plan, passphrases, new Date())
  print(flags, flags.json ? { ...files, record } : files)
  if (!flags.json)
    process.stderr.write(`\n${ceremonyText(record)}\nNow move ${files.offlineDir} off this machine.\n`)
}

async function serve({ config }: Shared): Promise<void> {
  const settings = await readSettings(config)
  const log = createLogger({ level: settings.log.level }, { app: 'registry' })
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  // Only this command needs all of it: the others start in a fraction of the time.
  const { startRegistry } = await import('./registry.ts')
  await using _registry = await startRegistry(settings, {
    clock: systemClock,
    log,
    signer: await openAuthoritySigner(settings, () =>
      passphrase(settings.authority.passphraseFile, 'TWIIN_ISSUING_PASSPHRASE'),
    ),
  })
  const signal = await stopped
  log.info('stopping', { signal })
  setTimeout(() => process.exit(1), 8_000).unref()
}

async function passphrase(file: string | undefined, variable: string): Promise<string> {
  const text = file === undefined ? process.env[variable] : (await readFile(file, 'utf8')).trim()
  if (text === undefined || text === '') throw new TwiinError('PASSPHRASE_MISSING', { variable, file })
  return text
}
