import type { SearchQuestion } from './api-types.ts'

/** The last search of this tab, to show whom it was for and to ask again. In memory only, gone at log-out. */
let last: { searchId: string; question: SearchQuestion } | undefined

export function rememberQuestion(searchId: string, question: SearchQuestion): void {
  last = { searchId, question }
}

export const questionOf = (searchId: string) => (last?.searchId === searchId ? last.question : undefined)
export const lastReason = () => last?.question.purpose.reason ?? ''

export function forgetQuestion(): void {
  last = undefined
}
