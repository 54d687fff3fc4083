import { Ban, CircleAlert, CircleCheck, CircleDashed, Clock3, Lock, TimerOff, Undo2 } from 'lucide-react'
import type { Tone } from '@twiin/ui-kit'
import type { Share, ShareState } from '../api-types-shares.ts'

/** What a person sees of a state: `waiting` is open, only not yet. */
export type ShownState = ShareState | 'waiting'

export const looks = {
  preparing: { tone: 'accent', icon: CircleDashed },
  open: { tone: 'good', icon: CircleCheck },
  waiting: { tone: 'accent', icon: Clock3 },
  locked: { tone: 'warning', icon: Lock },
  blocked: { tone: 'plain', icon: Ban },
  revoked: { tone: 'plain', icon: Undo2 },
  expired: { tone: 'plain', icon: TimerOff },
  failed: { tone: 'bad', icon: CircleAlert },
} as const satisfies Record<ShownState, { tone: Tone; icon: typeof Ban }>

export const shownState = ({ state, opensAt }: Share, now: number): ShownState =>
  state === 'open' && Date.parse(opensAt) > now ? 'waiting' : state

const over: ReadonlySet<ShareState> = new Set(['blocked', 'revoked', 'expired', 'failed'])
export const isOver = ({ state }: Share) => over.has(state)
const mailFailed = ({ state, mail }: Share) => mail === 'failed' && (state === 'open' || state === 'locked')
/** Of a link at which nobody gave a wrong code (spec 25 §4); a letter has one code, until a new one is given. */
const wholeTries = { sms: 10, letter: 5, oidc: 10 } as const
export const hasTried = ({ factor, triesLeft }: Share) => triesLeft < wholeTries[factor]

/** Somebody should do something, or the recipient gets nothing. */
export const needsAttention = (share: Share) =>
  share.state === 'locked' || share.state === 'failed' || mailFailed(share)

/** What staff can do about it; the first is what it is most likely to need. */
export type ShareAct = 'code' | 'link' | 'revoke'
export function actsOf(share: Share): ShareAct[] {
  if (share.state === 'preparing') return ['revoke']
  if (isOver(share)) return ['link']
  if (share.state === 'locked') return ['code', 'link', 'revoke']
  if (mailFailed(share)) return ['link', 'revoke']
  // Whoever logs in has no code that could be replaced.
  return share.factor === 'oidc' ? ['revoke', 'link'] : ['revoke', 'code', 'link']
}

/** How an act is called: of a text message the number is changed, of a log-in there is only the lock. */
export const actWord = ({ factor, recipient }: Share, act: ShareAct) =>
  act === 'code'
    ? ({ letter: 'code', sms: 'phone', oidc: 'unlock' } as const)[factor]
    : act === 'link' && recipient.email !== undefined
      ? 'resend'
      : act
