import type { Account } from '../account/account.ts'
import type { Person } from './people-file.ts'

type User = { id: string; name?: string; role: string }

/** What changed about an account; a closed list. */
export type AccountChange =
  | 'USER_ADDED'
  | 'USER_DISABLED'
  | 'USER_ENABLED'
  | 'PASSWORD_SET'
  | 'SECOND_FACTOR_SET'
  | 'SECOND_FACTOR_RESET'
  | 'RECOVERY_CODES_MADE'
  | 'PASSKEY_ADDED'
  | 'PASSKEY_REMOVED'
  | 'SESSION_ENDED'

/** Log-ins and accounts on record (spec 07 §3), before they take effect outside. */
export class PeopleOnRecord {
  readonly #account: Pick<Account, 'record'>

  constructor(deps: { account: Pick<Account, 'record'> }) {
    this.#account = deps.account
  }

  /** `how`: PASSWORD, PASSKEY, SIGN_ON, UNLOCK. */
  loggedIn(user: Person, how: string): Promise<void> {
    return this.#account.record({ event: 'login', outcome: 'success', user, protocol: how })
  }

  /**
   * The name is as it was typed. CODE_REQUIRED is the first half of a log-in with two steps: no failure, and on record all
   * the same, for whoever goes no further had the password.
   */
  notLoggedIn(user: User, how: string, reason: string): Promise<void> {
    if (reason === 'CODE_REQUIRED')
      return this.#account.record({ event: 'confirmation', outcome: 'success', user, protocol: how, reason })
    return this.#account.record({ event: 'login-failed', outcome: 'refused', user, protocol: how, reason })
  }

  confirmed(user: Person, isRight: boolean): Promise<void> {
    return this.#account.record({
      event: 'confirmation',
      ...(isRight ? { outcome: 'success' } : { outcome: 'refused', reason: 'NOT_AUTHENTICATED' }),
      user,
    })
  }

  /** Whose account it is, `by` whom: themselves, or an operator. */
  changed(by: Person, accountId: string, change: AccountChange): Promise<void> {
    return this.#account.record({
      event: 'account-changed',
      outcome: 'success',
      user: by,
      reason: change,
      account: accountId,
    })
  }
}
