/**
 * DICOM upper layer (PS3.8) and the services of PS3.7 that images need, both sides, on node:net and node:tls: C-ECHO, C-STORE,
 * C-FIND, C-MOVE, C-GET, and storage commitment.
 * Bytes pass through unaltered, memory is bounded, back-pressure is real. See docs/dicom-conformance.md.
 */
export { DimseServer } from './dimse-server.ts'
export type { DimseServerOptions, DimseServerDeps } from './dimse-server.ts'
export type {
  Admittance,
  AssociationEnd,
  AssociationInfo,
  ClaimedUser,
  Credentials,
  MoveOriginator,
  OpenStore,
  StoreProvider,
  StoreRequest,
  StoreSink,
  TlsPeer,
} from './store-provider.ts'
export type {
  CommitmentRequestReceived,
  CommitmentResultReceived,
  DimseProvider,
  MoveRequest,
  QueryRequest,
} from './dimse-provider.ts'
export { commitmentFailure } from './commitment.ts'
export type { CommitmentRequest, CommitmentResult, SopReference } from './commitment.ts'
export { openAssociation } from './open-association.ts'
export type { AssociationDeps, AssociationOptions } from './open-association.ts'
export type { WantedContext } from './upper-layer/presentation-context.ts'
export type { ClientTls, ServerTls } from './upper-layer/tls.ts'
export type { Association, Query, StoreOptions, StoreOutcome } from './association.ts'
export type { OutgoingInstance, RetrievedInstance, SubOperations } from './retrieval.ts'
export type { DimseErrorCode } from './dimse-error.ts'
export type { AcceptorLimits, AcceptorTimeouts, RequestorTimeouts } from './limits.ts'
export { dimseStatus, isStored, storeStatusOf } from './status.ts'
export type { StoreStatus } from './status.ts'
export {
  implementation,
  isAeTitle,
  isStorageClass,
  isUid,
  queryRetrieve,
  storageCommitmentPush,
  transferSyntax,
  verificationClass,
} from './uids.ts'
