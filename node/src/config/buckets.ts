/**
 * Every bucket of this app in the node's database: name, then `key → value`. A retired name stays here with the reason,
 * so that it is never used again for something else. (Packages that keep their own records declare theirs themselves.)
 */
export const buckets = {
  /** keyed BSN → ConsentRecord[] */
  consents: 'consents',
  /** keyed BSN → ConsentRecord[] that others took the place of */
  consentHistory: 'consent-history',
  /** keyed BSN → mark of a patient whom the curious look for */
  shieldings: 'shieldings',
  /** id → use of emergency access, by somebody here or elsewhere */
  emergencyUses: 'emergency-uses',
  /** keyed `<epoch>:<BSN>` → patient token */
  tokens: 'tokens',
  /** keyed `<epoch>:<loc>` → BSN of a patient of this hospital */
  locations: 'locations',
  /** opaque patient key → what was last wanted in the index */
  publications: 'publications',
  /** opaque patient key → durable to-do list of the index publisher */
  indexState: 'index-state',
  /** `<epoch>.<loc>.<publisher>` → mark of an entry kept as a replica: who, which version, until when */
  indexMarks: 'index-marks',
  /** the same key → the entry itself */
  indexEntries: 'index-entries',
  /** association id → studies that go to another hospital once it ends */
  routes: 'routes',
  /** study handle → came in, and rules were not asked yet */
  incompleteStudies: 'incomplete-studies',
  /** id → retrieval, send or arrival */
  transfers: 'transfers',
  /** `<time of creation>.<id>` → true, for each of these */
  transfersByTime: 'transfers-by-time',
  /** `<transfer>.<instance>` → answered Success by the PACS */
  deliveries: 'deliveries',
  /** opaque AE title and transaction → storage commitment that a system of this hospital asked for, until it was told */
  commitmentsAsked: 'commitments-asked',
  /** `<transfer>.<study>` → signed manifest of the holder; `.whole`, `.request` behind it: the last one, and what it answers */
  evidence: 'evidence',
  /** `<peer>.<digest>` → what that peer presented when it signed something of these */
  credentials: 'credentials',
  /** study handle → number a study from elsewhere was filed under */
  filed: 'filed',
  /** run → what a self-test put into the index, until it is withdrawn */
  selfTests: 'self-tests',
  /** handle → study that lies in the archive */
  archivedStudies: 'archived-study',
  /** keyed StudyInstanceUID → handle */
  archivedByUid: 'archived-by-uid',
  /** HMAC(kind, citizen number | patient number | birth date | accession number | day)/handle → true */
  archivedBy: 'archived-by',
  /** `<handle>.<time>` → archived study as it was, before it was removed or turned out to be another patient's */
  archivedFormerly: 'archived-formerly',
  /** `full`, or a window of study dates → how far the pass is, what the window held */
  archivePasses: 'archive-passes',
  /** id → HL7 message in the inbox, without its bytes */
  hl7Messages: 'hl7-messages',
  /** id → its bytes, until it is worked off */
  hl7Bodies: 'hl7-bodies',
  /** id → sender of a message that waits */
  hl7Waiting: 'hl7-waiting',
  /** keyed sender and control id → message that came under it */
  hl7ControlIds: 'hl7-control-ids',
  /** opaque issuer and number → patient, as the hospital's system states him */
  localPatients: 'local-patients',
  /** opaque BSN, or birth date and name / the key above → that number */
  localPatientIndex: 'local-patient-index',
  /** opaque study handle → what it counted for in the quality of BSNs */
  bsnQualityMarks: 'bsn-quality-marks',
  /** keyed origin → counts of studies */
  bsnQuality: 'bsn-quality',
  /** `<study>/<URA>` → a hospital that was given the study */
  studyRecipients: 'study-recipients',
  /** instance → what may have to follow to those */
  followUps: 'follow-ups',
  /** `<study>/<report>` → versions of a report that came by HL7 */
  reportVersions: 'report-versions',
  /** `<what it waits for>/<report>` → report whose study is not here yet */
  waitingReports: 'waiting-reports',
  /** id → a study that was taken back */
  recalls: 'recalls',
  /** id of the item → report that still goes to the RIS */
  reportsOut: 'reports-out',
  /** id of the item → it was told, or was gone before that */
  reportsTold: 'reports-told',
  /** place in the inbox → order or appointment that a rule of prefetch fits */
  prefetchOrders: 'prefetch-orders',
  /** opaque sender and number → that place */
  prefetchNumbers: 'prefetch-numbers',
  /** id → disc that was sent here, and what is on it */
  discs: 'discs',
  /** `<disc>.<patient>.<study>` → where the instances of a study stand on the disc */
  discStudies: 'disc-studies',
  /** keyed user id → second factors: secret of an authenticator app, recovery codes, passkeys */
  secondFactors: 'second-factors',
  /** keyed credential id → user */
  passkeyOwners: 'passkey-owners',
  /** `<seq>.<witness>` → head of the audit log, signed by both */
  auditHeads: 'audit-heads',
  /** `<peer>`, `<peer>/<day>` → head of that member's log, as this node signed it */
  seenHeads: 'seen-heads',
  /** `<URA>.<request>` → what two accounts do not agree on */
  accountDifferences: 'account-differences',
  /** id → share for a patient (spec 25) */
  shares: 'shares',
  /** `<time of creation>.<id>` → true, for each of these */
  sharesByTime: 'shares-by-time',
  /** id → tries at its code */
  shareTries: 'share-tries',
  /** one of 256 places → tries at some link that nobody made */
  shareDecoys: 'share-decoys',
  /** seq → verdict of the privacy officer about that entry */
  auditReviews: 'audit-reviews',
  /** `position` → seq of the last entry that the syslog receiver was sent */
  auditSyslog: 'audit-syslog',
  /** id → item of the exception worklist */
  exceptions: 'exceptions',
} as const
