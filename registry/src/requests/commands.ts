import type { Command } from 'commander'
import { asOne, clientOf, commandOn, print, printList } from '../administration/command-line.ts'
import type { Shared } from '../administration/command-line.ts'
import type { TokenHolder } from '../administration/registry-client.ts'
import type { Request } from '../ledger/acts.ts'

interface Open {
  id: string
  by: string
  at: string
  request: Request
}

type Review = Record<'serial' | 'ura' | 'state' | 'reason' | 'by' | 'at' | 'name', string>

/** `twiin-registry requests …`: what waits for a second person. */
export function requestCommands(requests: Command): void {
  commandOn(requests, 'list', 'list what waits for a second person').action(async (flags: Shared) => {
    const list = await (await clientOf(flags)).call<Open[]>('administrator', 'GET', '/requests')
    printList(flags, list, ({ id, by, at, request }) => [
      ...[id, request.kind.padEnd(10), request.kind === 'quota' ? request.ura : request.serial],
      ...[request.reason, `by ${by}`, at.slice(0, 16)],
    ])
  })
  asOne(commandOn(requests, 'withdraw <id>', 'take a request back, as who asked')).action(
    async (id: string, flags: Shared & { as: TokenHolder }) => {
      await (await clientOf(flags)).call(flags.as, 'DELETE', `/requests/${encodeURIComponent(id)}`)
      print(flags, { id, state: 'withdrawn' })
    },
  )
  commandOn(requests, 'reviews', 'list what one person did alone, for another to look at').action(
    async (flags: Shared) => {
      const list = await (await clientOf(flags)).call<Review[]>('administrator', 'GET', '/reviews')
      printList(flags, list, ({ serial, ura, state, reason, by, at, name }) => [
        ...[serial, ura, state.padEnd(9), reason, `by ${by}`, at.slice(0, 16), name],
      ])
    },
  )
}
