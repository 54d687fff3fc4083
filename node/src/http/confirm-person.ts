import { isTwiinError } from '@twiin/runtime'
import type { FastifyRequest, Sessions } from '@twiin/web'
import type { LogIns, Proof } from '../people/log-ins.ts'
import type { Person } from '../people/people-file.ts'

export type Confirmed = 'confirmed' | 'wrong' | 'not-recent' | 'no-session'
export type Confirm = (
  request: FastifyRequest,
  proof: { password?: string; code?: string },
) => Promise<Confirmed>

/** For what a confirmation can be asked and counts alone (spec 21 §1, 23 §2). */
export const confirmedActs = ['emergency'] as const
export type ConfirmedAct = (typeof confirmedActs)[number]

/**
 * Confirmed otherwise (a passkey, the hospital's own log-in) just before, for this very act: whoever comes back from the
 * hospital's own log-in has the dialog still to fill in.
 */
const justNowMs = 3 * 60_000

/**
 * The person of a session proves once more who they are, by password, or has confirmed it for this act within the last
 * three minutes: once, for on it that is spent. Guesses are counted by the session and end it; a bearer token has none, and is turned away
 * without a look at what it brings (spec 21 §1).
 */
export function confirmAgain(
  act: ConfirmedAct,
  deps: { sessions: Sessions<Person, Proof>; logIns: LogIns },
): Confirm {
  return async ({ sessionSecret }, { password, code }) => {
    if (sessionSecret === undefined) return 'no-session'
    const { sessions } = deps
    // One for something else, such as a change of accounts, was no answer to what is asked here.
    const spend = () => sessions.spendConfirmation(sessionSecret, act, justNowMs)
    if (password === undefined) return spend() ? 'confirmed' : 'not-recent'
    try {
      const isSame = (person: Person) => deps.logIns.confirms(person, password, code)
      const confirmed = await sessions.confirm(sessionSecret, isSame, act)
      spend()
      return confirmed
    } catch (error) {
      // Said like a wrong password: the page has a field for the code, and 401 would say that the session is over.
      if (isTwiinError(error, 'CODE_REQUIRED')) return 'wrong'
      throw error
    }
  }
}
