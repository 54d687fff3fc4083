import { TwiinError } from '@twiin/runtime'
import type { Command } from 'commander'
import { asOneOrBoth, clientOf, commandOn, print, say } from '../administration/command-line.ts'
import type { Shared, Who } from '../administration/command-line.ts'

type SetFlags = Shared & Who & { ura: string; tokensPerDay?: number; default?: true; reason: string }

/** `twiin-registry quota set` */
export function quotaCommands(quota: Command): void {
  asOneOrBoth(commandOn(quota, 'set', 'set how many tokens a day a clinic may ask for'))
    .requiredOption('--ura <number>')
    .option('--tokens-per-day <n>', 'how many', Number)
    .option('--default', 'the network’s own number again')
    .requiredOption('--reason <code>', 'one word')
    .action(async (flags: SetFlags) => {
      const { ura, reason, tokensPerDay } = flags
      if ((tokensPerDay === undefined) === (flags.default === undefined))
        throw new TwiinError('TOKENS_PER_DAY_OR_DEFAULT_NEEDED')
      const client = await clientOf(flags)
      const body = { tokensPerDay: tokensPerDay ?? null, reason }
      const path = `/organisations/${encodeURIComponent(ura)}/quota`
      print(flags, await say(flags, (as) => client.call<{ state: string }>(as, 'POST', path, body)))
    })
}
