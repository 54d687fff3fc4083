import { shares as en } from './en-shares.ts'
import { addTexts } from './late.ts'
import { shares as nl } from './nl-shares.ts'

addTexts({ nl: { shares: nl }, en: { shares: en } })
