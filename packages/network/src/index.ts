/**
 * A host on which only certified peers exist, and two shapes of conversation with them: one request with one answer
 * (`ask`/`answer`), and a framed channel for bulk (`open`/`serve`). The only package that knows libp2p. Spec 00.
 */
export { PeerHost } from './peer-host.ts'
export type {
  AnswerHandler,
  AnswerLimits,
  AskOptions,
  ChannelHandler,
  HostDeps,
  HostOptions,
  OpenOptions,
  ServeLimits,
} from './peer-host.ts'
export type { Admission, PeerAddresses } from './admission.ts'
export type { Channel } from './channel.ts'
export { PeerAllowance } from './peer-allowance.ts'
export { MemoryBudget } from './memory-budget.ts'
export type { Lease } from './memory-budget.ts'
export { defaultLimits } from './limits.ts'
export type { HostLimits } from './limits.ts'
export type { NetworkErrorCode } from './errors.ts'
