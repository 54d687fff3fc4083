import { TwiinError } from '@twiin/runtime'
import { Option } from 'commander'
import type { Command } from 'commander'
import { asOne, asOneOrBoth, clientOf, commandOn, print, say } from '../administration/command-line.ts'
import type { Shared, Who } from '../administration/command-line.ts'
import type { TokenHolder } from '../administration/registry-client.ts'
import { revocationReasons } from './reasons.ts'

type ActFlags = Shared & Who & { serial: string; reason: string; emergency?: true }

/** `twiin-registry revoke|suspend|resume|review`: the key of a certificate. */
export function revocationCommands(program: Command): void {
  const act = (name: string, description: string) =>
    asOneOrBoth(commandOn(program, name, description)).requiredOption('--serial <serial>')
  const alone = new Option('--emergency', 'at once, as one person (--as); another one reviews it')
  act('revoke', 'end a certificate and its key for ever')
    .requiredOption('--reason <reason>', `one of ${revocationReasons.join(', ')}`)
    .addOption(alone)
    .action((flags: ActFlags) => end(flags, 'revocation'))
  act('suspend', 'end a certificate and its key until they are resumed')
    .option('--reason <code>', 'one word', 'certificateHold')
    .addOption(alone)
    .action((flags: ActFlags) => end(flags, 'suspension'))
  act('resume', 'take a suspension back')
    .option('--reason <code>', 'one word', 'resolved')
    .action((flags: ActFlags) => end(flags, 'resumption'))
  asOne(commandOn(program, 'review', 'say what you think of what the other one did alone'))
    .requiredOption('--serial <serial>')
    .addOption(new Option('--upheld', 'it was right').conflicts('notUpheld'))
    .addOption(new Option('--not-upheld', 'it was not: a suspension ends, a revocation stays'))
    .action(review)
}

async function end(flags: ActFlags, what: 'revocation' | 'suspension' | 'resumption'): Promise<void> {
  const { serial, reason, emergency } = flags
  // Whoever acts alone is named in the ledger, and says so here.
  if (emergency && flags.as === undefined) throw new TwiinError('EMERGENCY_NEEDS_AS')
  const client = await clientOf(flags)
  const body = { reason, ...(emergency && { emergency }) }
  const path = `/certificates/${encodeURIComponent(serial)}/${what}`
  print(flags, await say(flags, (as) => client.call<{ state: string }>(as, 'POST', path, body)))
}

async function review(
  flags: Shared & { serial: string; as: TokenHolder; upheld?: true; notUpheld?: true },
): Promise<void> {
  const { serial, as, upheld = false, notUpheld = false } = flags
  if (upheld === notUpheld) throw new TwiinError('UPHELD_OR_NOT_NEEDED')
  const path = `/certificates/${encodeURIComponent(serial)}/review`
  print(flags, await (await clientOf(flags)).call<object>(as, 'POST', path, { upheld }))
}
