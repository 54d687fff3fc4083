import { auditTexts as en } from './en-audit.ts'
import { addTexts } from './late.ts'
import { auditTexts as nl } from './nl-audit.ts'

addTexts({ nl, en })
