import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TwiinError, createLogger, systemClock } from '@twiin/runtime'
import { Command, Option } from 'commander'
import { parse } from 'yaml'
import { addClinic, revokeCertificate } from './administration/acts-of-two.ts'
import { RegistryClient } from './administration/registry-client.ts'
import { ceremonyText } from './ceremony/ceremony-record.ts'
import { holdRegistryCeremony, readPlan } from './ceremony/hold-ceremony.ts'
import { openAuthoritySigner } from './ceremony/open-authority-signer.ts'
import { readSettings } from './config/read-settings.ts'
import type { Application } from './ledger/acts.ts'
import { peopleCommands } from './people/commands.ts'
import { startRegistry } from './registry.ts'

interface Shared {
  config: string
  json?: true
}
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
  const onRunning = (name: string, description: string, parent = program) =>
    command(name, description, parent).requiredOption('--config <file>', 'settings of the running registry')

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
  onRunning('add', 'add a clinic, as both people, and print its enrolment token', program.command('clinic'))
    .requiredOption('--ura <number>')
    .requiredOption('--name <name>')
    .addOption(new Option('--category <category>').choices(['umc', 'hospital', 'clinic']).default('clinic'))
    .option('--agb <number>')
    .requiredOption('--patients <n>', 'declared number of patients', Number)
    .option('--mailbox <name...>', 'departments that can be addressed', [])
    .action(clinicAdd)
  onRunning('revoke', 'revoke a certificate and its key, as both people')
    .requiredOption('--serial <serial>')
    .requiredOption('--reason <reason>')
    .action(async (flags: Shared & { serial: string; reason: string }) => {
      await revokeCertificate(await clientOf(flags), flags.serial, flags.reason)
      print(flags, { serial: flags.serial, state: 'revoked' })
    })
  onRunning('certificates', 'list the certificates of clinics').action(async (flags: Shared) => {
    const list = await (
      await clientOf(flags)
    ).call<Record<string, string>[]>('administrator', 'GET', '/certificates')
    if (flags.json) return print(flags, list)
    for (const { serial, ura, name, notAfter, status } of list)
      process.stdout.write(
        `${serial}  ${ura}  ${status?.padEnd(8)} until ${notAfter?.slice(0, 10)}  ${name}\n`,
      )
  })
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

async function clinicAdd(
  flags: Shared &
    Omit<Application, 'organisation' | 'declaredPatients' | 'mailboxes'> & {
      name: string
      patients: number
      mailbox: string[]
    },
): Promise<void> {
  const { name, ura, category, agb, patients, mailbox } = flags
  const added = await addClinic(await clientOf(flags), {
    organisation: name,
    ura,
    category,
    declaredPatients: patients,
    mailboxes: mailbox,
    ...(agb !== undefined && { agb }),
  })
  print(flags, added)
}

async function clientOf({ config }: Shared): Promise<RegistryClient> {
  return RegistryClient.of(await readSettings(config))
}

async function passphrase(file: string | undefined, variable: string): Promise<string> {
  const text = file === undefined ? process.env[variable] : (await readFile(file, 'utf8')).trim()
  if (text === undefined || text === '') throw new TwiinError('PASSPHRASE_MISSING', { variable, file })
  return text
}

function print({ json }: { json?: true | undefined }, answer: object): void {
  const lines = Object.entries(answer).map(
    ([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`,
  )
  process.stdout.write(json ? `${JSON.stringify(answer, null, 2)}\n` : `${lines.join('\n')}\n`)
}
