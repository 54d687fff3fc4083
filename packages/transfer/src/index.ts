/** How a study crosses the network: the receiver pulls, verifies, resumes; the holder judges and signs. Spec 05. */
export type {
  Gatekeeper,
  ReceivingInstance,
  ReceivingStudy,
  StudySource,
  TransferBudget,
  TransferChannel,
  Verdict,
} from './ports.ts'
export type { TransferErrorCode } from './errors.ts'
export { serveTransfer } from './serve-transfer.ts'
export type { ServeDeps, ServeOptions, Served } from './serve-transfer.ts'
export { receiveStudy } from './receive-study.ts'
export type { ReceiveDeps, ReceiveOptions, ReceivedStudy, TransferProgress } from './receive-deps.ts'
