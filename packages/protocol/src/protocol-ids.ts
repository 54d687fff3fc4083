/** Every protocol a node speaks once its certificate was accepted. Each has a page in docs/spec. */
export const protocolIds = {
  /** docs/spec/02-patient-token.md */
  token: '/twiin/token/1.0.0',
  /** docs/spec/03-study-index.md */
  index: '/twiin/index/1.0.0',
  /** docs/spec/04-search.md */
  search: '/twiin/search/1.0.0',
  /** docs/spec/04-search.md §1: the same, and whether the treatment relation is registered */
  searchWithRelation: '/twiin/search/1.1.0',
  /** docs/spec/13-query-retrieve.md §5 */
  contents: '/twiin/contents/1.0.0',
  /** docs/spec/05-transfer.md */
  transfer: '/twiin/transfer/1.0.0',
  /** docs/spec/05-transfer.md §2: the same, and that it is to be handed on */
  transferToShare: '/twiin/transfer/1.1.0',
  /** docs/spec/05-transfer.md §5 */
  send: '/twiin/send/1.0.0',
  /** docs/spec/05-transfer.md §7: the same, and how far a package is */
  sendWithProgress: '/twiin/send/1.1.0',
  /** docs/spec/06-registry.md §8 */
  bundle: '/twiin/bundle/1.0.0',
  /** docs/spec/12-self-test.md */
  selfTest: '/twiin/self-test/1.0.0',
  /** docs/spec/07-audit.md §8 */
  anchor: '/twiin/anchor/1.0.0',
  /** docs/spec/07-audit.md §9 */
  account: '/twiin/account/1.0.0',
} as const
