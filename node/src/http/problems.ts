import { Problems } from '@twiin/web'

/** What this API answers with besides what any server has to say (spec 10 §3). */
export const problems = new Problems({
  table: {
    STATE_CONFLICT: [409, 'Its state does not allow this any more.'],
    BSN_INVALID: [422, 'This is not a valid BSN.'],
    BASIS_NOT_SUPPORTED: [422, 'A search needs the basis "treatment".'],
    IDENTITY_MISMATCH: [422, 'This is not the patient of that BSN.'],
    RECIPIENT_UNKNOWN: [422, 'The network has no such hospital or mailbox.'],
    STUDY_UNKNOWN: [422, 'This study is not held here.'],
    TOKEN_QUOTA_EXCEEDED: [429, 'The quota of searches for new patients is used up.'],
    TOKEN_UNAVAILABLE: [503, 'The token keepers cannot be reached and this patient is not known here.'],
    NOT_READY: [503, 'The node is still waiting for its certificate or the network bundle.'],
    OUT_OF_RESOURCES: [507, 'The disk is full up to its reserve.'],
  },
})
