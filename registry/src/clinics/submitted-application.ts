import { createHash } from 'node:crypto'
import { Phone } from '@twiin/protocol'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Application } from '../ledger/acts.ts'
import type { Person } from '../ledger/acts.ts'

const closed = { additionalProperties: false }
/** One line without control or invisible characters: it is shown to people who decide by what they see. */
const Line = (maxLength: number) =>
  Type.String({ pattern: `^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,${maxLength}}$` })
/** The same, of several lines. */
export const Prose = (minLength: number, maxLength: number) =>
  Type.String({ pattern: `^([^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]|[\\n\\r\\t]){${minLength},${maxLength}}$` })

export const Contact = Type.Object(
  {
    role: Type.Enum(['administrative', 'technical', 'privacy']),
    name: Line(100),
    email: Type.String({
      maxLength: 254,
      pattern: '^[^\\s@\\p{Cc}\\p{Cf}]{1,64}@[^\\s@\\p{Cc}\\p{Cf}]{1,189}$',
    }),
    phone: Type.Optional(Phone),
  },
  closed,
)
export type Contact = Static<typeof Contact>

/** What an applicant sends: what may become public, and what never does (ADR 0012). */
const { peerId: _, ...facts } = Application.properties
export const Form = Type.Object(
  {
    ...facts,
    contacts: Type.Optional(Type.Array(Contact, { maxItems: 6 })),
    remarks: Type.Optional(Prose(0, 1000)),
    /** PKCS #10, DER, base64. Its signature proves possession of the key, which becomes `peerId`. */
    csr: Type.Optional(Type.String({ maxLength: 8192, pattern: '^[A-Za-z0-9+/]*={0,2}$' })),
  },
  closed,
)
export type Form = Static<typeof Form>

export interface Message {
  readonly from: 'registry' | 'applicant'
  readonly at: number
  readonly text: string
}

/** An application as it lies in the inbox. What was decided about it stands in the ledger. */
export interface SubmittedApplication {
  readonly id: string
  readonly at: number
  /** Of everything but the messages. */
  readonly changedAt: number
  /** Lines that the ledger had then: clocks go back, ledgers do not. */
  readonly line: number
  /** Grows with every change, so that changing something back does not bring an approval back. */
  readonly revision: number
  readonly application: Application
  /** URA number in the certificate request, when there is one in it. */
  readonly requestedUra?: string
  readonly contacts: readonly Contact[]
  readonly remarks?: string
  /** SHA-256 of what two people approve: all but the messages. */
  readonly digest: string
  readonly messages: readonly Message[]
  /** SHA-256 of the applicant's status token. */
  readonly statusDigest: string
  /** Somebody of the registry, who entered it for the clinic. */
  readonly enteredBy?: Person
}

type Content = Omit<SubmittedApplication, 'digest' | 'messages' | 'statusDigest' | 'changedAt' | 'line'>

/** SHA-256, hexadecimal, over the application as JSON with sorted names and without blanks. spec 06 §4 */
export function digestOf({
  id,
  at,
  revision,
  application,
  requestedUra,
  contacts,
  remarks,
}: Content): string {
  const content = { id, at, revision, application, requestedUra, contacts, remarks }
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}

/** RFC 8785 §3.2.3 for what JSON schemas of ours can hold: strings, whole numbers, lists, objects. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
