/** The messages of the Twiin protocols: shapes, bounds and encodings. No sockets, no keys. */
export { protocolIds } from './protocol-ids.ts'
export { limits } from './limits.ts'
export type { MessageType } from './codec.ts'
export type { Signed, Signer, VerifySignature } from './signed.ts'
export { bodyClasses, entryBody, entryHeader, indexAnswer, indexRequest } from './index-messages.ts'
export type {
  Bucket,
  EntryBody,
  EntryHeader,
  IndexAnswer,
  IndexRequest,
  WireEntry,
} from './index-messages.ts'
export { Addresses, Category, Level, Mailboxes, Phone } from './fields.ts'
export { gossipAnswer, gossipRequest } from './gossip-messages.ts'
export type { GossipAnswer, GossipRequest } from './gossip-messages.ts'
export { selfTestAnswer, selfTestRequest } from './self-test-messages.ts'
export type { SelfTestAnswer, SelfTestRequest } from './self-test-messages.ts'
export { anchorAnswer, anchorRequest, auditHead, seenHead } from './anchor-messages.ts'
export type { AnchorAnswer, AuditHeadMessage } from './anchor-messages.ts'
export { accountAnswer, accountRequest } from './account-messages.ts'
export type { AccountAnswer, Dealing } from './account-messages.ts'
export { activityReport } from './activity-report.ts'
export type { ActivityReport } from './activity-report.ts'
export { contentsAnswer, contentsRequest } from './contents-messages.ts'
export type { ContentsAnswer, ContentsRequest, SeriesContents, StudyContents } from './contents-messages.ts'
export { searchAnswer, searchRequest } from './search-messages.ts'
export type { AnsweredStudy, SearchAnswer, SearchRequest } from './search-messages.ts'
export {
  frameType,
  manifest,
  pieceHeaderBytes,
  transferControl,
  transferRequest,
} from './transfer-messages.ts'
export type { Manifest, ManifestInstance, TransferControl, TransferRequest } from './transfer-messages.ts'
export { offer, receipt, sendAnswer, sendRequest, sendRequestWithProgress } from './send-messages.ts'
export type { Offer, PackageProgress, Progress, Receipt, SendAnswer, SendRequest } from './send-messages.ts'
export { tokenAnswer, tokenRequest } from './token-messages.ts'
export type { TokenAnswer, TokenRequest } from './token-messages.ts'
export { announcement, bundle, bundleContentBytes, evidence, witnessedBundle } from './bundle.ts'
export type { Announcement, Bundle, Evidence, Member, WitnessedBundle, Witnessing } from './bundle.ts'
