/**
 * DICOM upper layer (PS3.8) and the C-ECHO and C-STORE services (PS3.7), both sides, on node:net.
 * Bytes pass through unaltered, memory is bounded, back-pressure is real. See docs/spec/dicom-conformance.md.
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
  RetrievedInstance,
  SubOperations,
} from './dimse-provider.ts'
export { commitmentFailure } from './commitment.ts'
export type { CommitmentRequest, CommitmentResult, SopReference } from './commitment.ts'
export { openAssociation } from './open-association.ts'
export type { AssociationDeps, AssociationOptions, WantedContext } from './open-association.ts'
export type { Association, OutgoingInstance, Query, StoreOptions, StoreOutcome } from './association.ts'
export type { DimseErrorCode } from './dimse-error.ts'
export type { AcceptorLimits, AcceptorTimeouts, RequestorTimeouts } from './limits.ts'
export { dimseStatus, isStored, storeStatusOf } from './status.ts'
export type { StoreStatus } from './status.ts'
export {
  implementation,
  isStorageClass,
  isUid,
  queryRetrieve,
  storageCommitmentPush,
  transferSyntax,
  verificationClass,
} from './uids.ts'
