import type { nl } from './nl.ts'

type Texts<T> = { [Key in keyof T]: T[Key] extends string ? string : Texts<T[Key]> }

/** What every language must say: the keys of the Dutch one. */
export type Wording = Texts<typeof nl>
