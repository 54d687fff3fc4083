/** For tests of other texts that patients read. */
export { readingEase } from './reading-level.ts'
