/** What each benchmark is given. */
export interface BenchOptions {
  /** Where processes leave CPU profiles. */
  profileDir?: string | undefined
  signal: AbortSignal
  /** At most so many; the warm-up not counted. */
  mostRounds: number
  /** For the rounds, starting and stopping apart. */
  budgetMs: number
}
