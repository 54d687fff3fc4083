import type { Texts } from '@twiin/ui-kit'
import type { auditTexts } from './nl-audit.ts'
import type { shares } from './nl-shares.ts'
import type { nl } from './nl.ts'

/** What every language must say at once: the keys of the Dutch one. */
export type Wording = Texts<typeof nl>
/** What comes with the parts that say it (`late-….ts`). */
export type LateWording = Texts<typeof auditTexts & { shares: typeof shares }>

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: Wording & LateWording }
  }
}
