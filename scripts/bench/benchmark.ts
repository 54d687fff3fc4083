/** What each benchmark is given. */
export interface BenchOptions {
  /** Where processes leave CPU profiles. */
  profileDir?: string | undefined
  signal: AbortSignal
  /** For the rounds, starting and stopping apart. */
  budgetMs: number
}
