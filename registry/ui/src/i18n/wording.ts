import type { Texts } from '@twiin/ui-kit'
import type { nl } from './nl.ts'

/** What every language must say: the keys of the Dutch one. */
export type Wording = Texts<typeof nl>

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: Wording }
  }
}
