/** What one message may hold at the most. The reason stands beside each; spec pages quote these numbers. */
export const limits = {
  /** An index request: 500 entries of 16 KiB would be 8 MiB; publishers send fewer, larger ones in several requests. */
  indexRequestBytes: 4 * 1024 * 1024,
  /** A bucket holds about 150 entries of 1–2 KiB; ten times that, with the largest class, still fits. */
  indexAnswerBytes: 8 * 1024 * 1024,
  indexEntriesPerPut: 500,
  /** A page of a bucket or of its summary. */
  indexEntriesPerPage: 1000,
  searchRequestBytes: 16 * 1024,
  /** 2,000 studies of about 500 bytes. */
  searchAnswerBytes: 2 * 1024 * 1024,
  studiesPerAnswer: 2000,
  /** What stands in at most 200 studies, 5,000 series or 20,000 instances of about 250 bytes. */
  contentsRequestBytes: 32 * 1024,
  contentsAnswerBytes: 8 * 1024 * 1024,
  studiesPerContents: 200,
  seriesPerContents: 5000,
  instancesPerContents: 20_000,
  /** RFC 9497 batches of 1,024 elements of 32 bytes, and the envelope. */
  tokenRequestBytes: 64 * 1024,
  tokenAnswerBytes: 64 * 1024,
  /** One transfer frame: a manifest of 20,000 instances, or a piece of an instance. */
  transferFrameBytes: 4 * 1024 * 1024,
  instancesPerManifest: 20_000,
  /** Payload of one data frame: large enough that Noise and yamux cost little per byte. */
  transferPieceBytes: 512 * 1024,
  sendRequestBytes: 256 * 1024,
  sendAnswerBytes: 16 * 1024,
  /** The network bundle: 500 members of about 1 KiB, keys and revocations. */
  bundleBytes: 4 * 1024 * 1024,
  /** In a credential of 16 KiB beside two certificates of about 1.3 KiB. */
  evidenceBytes: 12 * 1024,
  /** Asking for a bundle, or telling of one, with a checkpoint of 8 KiB or two. */
  gossipBytes: 20 * 1024,
  /** The document, its evidence and the envelope. */
  gossipAnswerBytes: 4 * 1024 * 1024 + 160 * 1024,
  selfTestBytes: 4096,
  /** A head of a log, its message, and both signatures of it. */
  anchorBytes: 1024,
  anchorMessageBytes: 6 * 1024,
  /** Heads with both signatures, of 4 KiB at most. */
  headsPerAnswer: 24,
  anchorAnswerBytes: 128 * 1024,
  accountRequestBytes: 1024,
  /** 5,000 requests of about 250 bytes. */
  dealingsPerAnswer: 5000,
  accountAnswerBytes: 4 * 1024 * 1024,
} as const
