/**
 * Every bucket of this app in the node's database: name, then `key → value`. A retired name stays here with the reason,
 * so that it is never used again for something else. (Packages that keep their own records declare theirs themselves.)
 */
export const buckets = {
  /** keyed BSN → ConsentRecord[] */
  consents: 'consents',
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
  /** id → retrieval, send or arrival */
  transfers: 'transfers',
  /** `<transfer>.<instance>` → answered Success by the PACS */
  deliveries: 'deliveries',
  /** `<transfer>.<study>` → signed manifest of the holder */
  evidence: 'evidence',
  /** study handle → number a study from elsewhere was filed under */
  filed: 'filed',
  /** run → what a self-test put into the index, until it is withdrawn */
  selfTests: 'self-tests',
  /** handle → study that lies in the archive */
  archivedStudies: 'archived-study',
  /** keyed StudyInstanceUID → handle */
  archivedByUid: 'archived-by-uid',
  /** HMAC(kind, citizen number | patient number | day)/handle → true */
  archivedBy: 'archived-by',
  /** handle → citizen numbers that an archived study was shown under and is no more */
  archivedFormerly: 'archived-formerly',
  /** `full`, or a window of study dates → how far the pass is, what the window held */
  archivePasses: 'archive-passes',
  /** id → item of the exception worklist */
  exceptions: 'exceptions',
} as const
