import type { Command } from 'commander'
import { clientOf, commandOn, print, printList } from '../administration/command-line.ts'
import type { Shared } from '../administration/command-line.ts'

interface Listed {
  serial: string
  ura: string
  name: string
  notAfter: string
  status: string
}

/** `twiin-registry certificates …`; without more it lists. */
export function certificateCommands(certificates: Command): void {
  commandOn(certificates, 'list', 'list the certificates of clinics', { isDefault: true }).action(
    async (flags: Shared) => {
      const list = await (await clientOf(flags)).call<Listed[]>('administrator', 'GET', '/certificates')
      printList(flags, list, ({ serial, ura, status, notAfter, name }) => [
        ...[serial, ura, status.padEnd(9), `until ${notAfter.slice(0, 10)}`, name],
      ])
    },
  )
  commandOn(certificates, 'show <serial>', 'one certificate, with its text').action(
    async (serial: string, flags: Shared) =>
      print(
        flags,
        await (
          await clientOf(flags)
        ).call<object>('administrator', 'GET', `/certificates/${encodeURIComponent(serial)}`),
      ),
  )
}
