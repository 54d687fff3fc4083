import type { Command } from 'commander'
import { clientOf, commandOn, printList } from '../administration/command-line.ts'
import type { Shared } from '../administration/command-line.ts'
import type { Organisation } from './organisations.ts'

type Known = Organisation & { serial: string; quota: number; declaredPatients: number }

/** `twiin-registry directory` and `organisations`. */
export function directoryCommands(program: Command): void {
  commandOn(program, 'directory', 'list the members, as everybody sees them').action(
    async (flags: Shared) => {
      const { organisations } = await (
        await clientOf(flags)
      ).call<{ organisations: Organisation[] }>('administrator', 'GET', '/directory')
      printList(flags, organisations, ({ ura, category, state, since, name, mailboxes }) => [
        ...[ura, category.padEnd(8), state.padEnd(10), since.slice(0, 10), name, mailboxes.join(', ')],
      ])
    },
  )
  commandOn(program, 'organisations', 'list the members, with what the registry knows').action(
    async (flags: Shared) => {
      const list = await (await clientOf(flags)).call<Known[]>('administrator', 'GET', '/organisations')
      printList(flags, list, ({ ura, state, serial, quota, declaredPatients, name }) => [
        ...[ura, state.padEnd(10), serial, `${quota} tokens a day`, `${declaredPatients} patients`, name],
      ])
    },
  )
}
