export type Decision = 'permit' | 'deny'

export const organisationCategories = ['hospital', 'umc', 'clinic'] as const
export type OrganisationCategory = (typeof organisationCategories)[number]

/** Whom a decision is about, from everyone to one organisation. */
export type ConsentScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'category'; readonly category: OrganisationCategory }
  | { readonly kind: 'organisation'; readonly ura: string }

/** Where a decision was recorded: at this hospital, or in Mitz. */
export type ConsentSource = 'local' | 'mitz'

/** Who told it: the patient, for a minor the parents (or guardian), or both. */
export const givers = ['patient', 'parent', 'both'] as const
export type GivenBy = (typeof givers)[number]

/** One decision of one patient. Of each source and scope the newest counts; who keeps records may drop the earlier. */
export interface ConsentRecord {
  readonly scope: ConsentScope
  readonly decision: Decision
  /** Milliseconds since the Unix epoch. */
  readonly recordedAt: number
  readonly source: ConsentSource
  /** Id of the user who recorded it. */
  readonly by: string
  /** Who told it; the patient, when it is not said. */
  readonly givenBy?: GivenBy
  /** How it was told, in the words of who recorded it. At most 200 characters. */
  readonly note?: string
}

/** 0 everyone, 1 a category, 2 one organisation. */
export function specificity(scope: ConsentScope): 0 | 1 | 2 {
  switch (scope.kind) {
    case 'all':
      return 0
    case 'category':
      return 1
    case 'organisation':
      return 2
  }
}

/** Equal for equal scopes: a key to store records under. */
export function scopeKey(scope: ConsentScope): string {
  switch (scope.kind) {
    case 'all':
      return 'all'
    case 'category':
      return `category:${scope.category}`
    case 'organisation':
      return `organisation:${scope.ura}`
  }
}
