import type { Clock } from '@twiin/runtime'
import type { Sealer, Store } from '@twiin/store'
import { Sessions, UsedCodes } from '@twiin/web'
import { Accounts } from './accounts.ts'
import type { Proof } from './accounts.ts'
import { AccountsFile } from './accounts-file.ts'
import type { Staff } from './staff.ts'

const idleMs = 15 * 60_000

/** The accounts and their sessions: who can do harm to a whole network is not left logged in. */
export function openLogIns(
  options: { peopleFile: string },
  deps: { store: Store; sealer: Sealer; clock: Clock },
): { accounts: Accounts; sessions: Sessions<Staff, Proof> } {
  const { store, sealer, clock } = deps
  const file = new AccountsFile({ file: options.peopleFile })
  const accounts = new Accounts({}, { file, sealer, usedCodes: new UsedCodes({}, { store }), clock })
  return { accounts, sessions: new Sessions<Staff, Proof>({ idleMs }, { people: accounts, clock }) }
}
