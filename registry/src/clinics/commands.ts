import { readFile } from 'node:fs/promises'
import { derOf } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import { Option } from 'commander'
import type { Command } from 'commander'
import {
  asOne,
  asOneOrBoth,
  clientOf,
  commandOn,
  print,
  printList,
  say,
} from '../administration/command-line.ts'
import type { Shared, Who } from '../administration/command-line.ts'
import type { TokenHolder } from '../administration/registry-client.ts'
import type { Application } from '../ledger/acts.ts'
import type { Detail } from './application-detail.ts'

type ClinicFlags = Shared &
  Omit<Application, 'organisation' | 'declaredPatients' | 'mailboxes' | 'level' | 'peerId'> & {
    name: string
    patients: number
    mailbox: string[]
    level?: number
    csr: string
  }
type Approved = Detail & { enrolmentToken?: string; expiresAt?: string }

/** `twiin-registry clinic add`: for whoever has the machine, and so both tokens. */
export function clinicCommands(clinic: Command): void {
  commandOn(clinic, 'add', 'add a clinic, as both people, and print its enrolment token')
    .requiredOption('--ura <number>')
    .requiredOption('--name <name>')
    .addOption(new Option('--category <category>').choices(['umc', 'hospital', 'clinic']).default('clinic'))
    .option('--agb <number>')
    .option('--kvk <number>')
    .option('--level <n>', 'integration level, 1 to 4', Number)
    .option('--phone <number>', 'called when its node cannot be reached')
    .requiredOption(
      '--csr <file>',
      'certificate request of its node, PEM or DER: `twiin-node csr` there prints it',
    )
    .requiredOption('--patients <n>', 'declared number of patients', Number)
    .option('--mailbox <name...>', 'departments that can be addressed', [])
    .action(addClinic)
}

/** `twiin-registry applications …` */
export function applicationCommands(applications: Command): void {
  const command = (name: string, description: string) => commandOn(applications, name, description)
  command('list', 'list the applications').action(async (flags: Shared) => {
    const list = await (await clientOf(flags)).call<Detail[]>('administrator', 'GET', '/applications')
    printList(flags, list, ({ id, ura, state, approvals, at, organisation }) => [
      ...[id, ura, state.padEnd(10), `${approvals.length}/2`, at.slice(0, 10), organisation],
    ])
  })
  command('show <id>', 'one application, with its checks').action(async (id: string, flags: Shared) =>
    print(flags, await (await clientOf(flags)).call<Detail>('administrator', 'GET', pathOf(id))),
  )
  asOneOrBoth(command('approve <id>', 'approve an application; the second person gets the enrolment token'))
    .requiredOption('--digest <digest>', 'as `show` has it: refused when the application is no longer that')
    .action(approve)
  asOne(command('reject <id>', 'reject an application'))
    .requiredOption('--reason <code>', 'one word')
    .action(async (id: string, flags: Shared & { reason: string; as: TokenHolder }) => {
      const { reason, as } = flags
      const client = await clientOf(flags)
      await client.call(as, 'POST', `${pathOf(id)}/rejection`, { reason })
      print(flags, { id, state: 'rejected', reason })
    })
  asOne(command('message <id> <text>', 'write to the applicant')).action(
    async (id: string, text: string, flags: Shared & { as: TokenHolder }) => {
      await (await clientOf(flags)).call(flags.as, 'POST', `${pathOf(id)}/messages`, { text })
      print(flags, { id, state: 'sent' })
    },
  )
  asOne(command('erase-contacts <id>', 'erase contacts, remarks and messages of an application')).action(
    async (id: string, flags: Shared & { as: TokenHolder }) => {
      await (await clientOf(flags)).call(flags.as, 'DELETE', `${pathOf(id)}/contacts`)
      print(flags, { id, state: 'erased' })
    },
  )
}

async function addClinic(flags: ClinicFlags): Promise<void> {
  const { name, ura, category, agb, kvk, level, phone, patients, mailbox } = flags
  const client = await clientOf(flags)
  const application = {
    ...{ organisation: name, ura, category, declaredPatients: patients, mailboxes: mailbox },
    ...{ agb, kvk, level, phone, csr: Buffer.from(await readCsrFile(flags.csr)).toString('base64') },
  }
  const applied = await client.call<Detail>('administrator', 'POST', '/applications', application)
  const { id, digest } = applied
  const approve = (as: TokenHolder) =>
    client.call<Approved>(as, 'POST', `${pathOf(id)}/approvals`, { digest })
  await approve('administrator')
  const { organisation, enrolmentToken, expiresAt } = await approve('approver')
  print(flags, { id, ura, organisation, enrolmentToken, expiresAt })
}

/** DER. Throws CSR_FILE_UNREADABLE; whether it is signed by its own key, the registry finds out. */
async function readCsrFile(file: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(file)
    // DER begins with a sequence.
    return bytes[0] === 0x30 ? bytes : derOf('CERTIFICATE REQUEST', bytes.toString('latin1'))
  } catch (cause) {
    throw new TwiinError('CSR_FILE_UNREADABLE', { file }, { cause })
  }
}

async function approve(id: string, flags: Shared & Who & { digest: string }): Promise<void> {
  const { digest } = flags
  const client = await clientOf(flags)
  const approved = await say(flags, async (as) => {
    const answer = await client.call<Approved>(as, 'POST', `${pathOf(id)}/approvals`, { digest })
    return { ...answer, state: answer.enrolmentToken === undefined ? 'recorded' : 'approved' }
  })
  const { ura, organisation, state, enrolmentToken, expiresAt } = approved
  print(flags, { id, ura, organisation, state, ...(enrolmentToken && { enrolmentToken, expiresAt }) })
}

function pathOf(id: string): string {
  return `/applications/${encodeURIComponent(id)}`
}
