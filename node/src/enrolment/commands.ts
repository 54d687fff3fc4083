import { readFile } from 'node:fs/promises'
import { pemOf } from '@twiin/identity'
import { Option } from 'commander'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { loadSettings } from '../config/load-settings.ts'
import { applicationStatus, applyForMembership } from './apply.ts'
import type { ApplicationForm } from './apply.ts'
import { requestWithOwnKey } from './own-request.ts'

interface ApplyFlags {
  config: string
  form?: string
  category?: ApplicationForm['category']
  patients?: string
  level?: string
  agb?: string
  kvk?: string
  phone?: string
}

/** `twiin-node apply`, `twiin-node application` and `twiin-node csr`. */
export function applicationCommands(program: Command, print: (value: object) => void): void {
  program
    .command('apply')
    .description('apply for membership at the registry, with this node’s own key')
    .requiredOption('--config <file>', 'configuration file (YAML)')
    .option(
      '--form <file>',
      'YAML with the rest: contacts (role, name, email, phone), remarks, and the flags below',
    )
    .addOption(new Option('--category <category>').choices(['umc', 'hospital', 'clinic']))
    .option('--patients <n>', 'number of patients on file')
    .option('--level <n>', 'integration level, 1 to 4')
    .option('--agb <number>')
    .option('--kvk <number>')
    .option('--phone <number>', 'called when the node cannot be reached')
    .action(async (flags: ApplyFlags) => {
      const sent = await applyForMembership(loadSettings(flags.config), await formOf(flags))
      print({ ...sent, todo: 'read the fingerprint out to the registry when they call' })
    })
  program
    .command('application')
    .description('how the application of this node stands')
    .requiredOption('--config <file>', 'configuration file (YAML)')
    .action(async ({ config }: { config: string }) => print(await applicationStatus(loadSettings(config))))
  program
    .command('csr')
    .description(
      'print the certificate request that proves this node’s own key, for whoever applies in another way',
    )
    .requiredOption('--config <file>', 'configuration file (YAML)')
    .action(async ({ config }: { config: string }) => {
      const { csr, fingerprint } = await requestWithOwnKey(loadSettings(config))
      process.stdout.write(pemOf('CERTIFICATE REQUEST', csr))
      // Beside the file that the other goes into.
      process.stderr.write(`${JSON.stringify({ fingerprint })}\n`)
    })
}

/** Flags go before the file. */
async function formOf(flags: ApplyFlags): Promise<ApplicationForm> {
  const file = flags.form === undefined ? {} : (parse(await readFile(flags.form, 'utf8')) as object)
  const { category, patients, level, agb, kvk, phone } = flags
  const given = {
    ...(category !== undefined && { category }),
    ...(patients !== undefined && { declaredPatients: Number(patients) }),
    ...(level !== undefined && { level: Number(level) }),
    ...(agb !== undefined && { agb }),
    ...(kvk !== undefined && { kvk }),
    ...(phone !== undefined && { phone }),
  }
  // The registry judges it: unknown or missing fields come back as its VALIDATION.
  return { category: 'hospital', declaredPatients: 0, ...file, ...given }
}
