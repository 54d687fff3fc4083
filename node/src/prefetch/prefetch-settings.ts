import { Type } from 'typebox'
import type { Static } from 'typebox'

/** spec 17 §6: what is fetched when something was ordered. */

const closed = { additionalProperties: false }
const Codes = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 64, description })

const PrefetchRule = Type.Object(
  {
    modality: Type.Optional(Codes('of what is ordered')),
    bodyPart: Type.Optional(Codes('of what is ordered, code or text')),
    words: Type.Optional(Codes('words of which one stands in what is ordered')),
    priors: Type.Optional(
      Type.Object(
        {
          modality: Type.Optional(Codes('of the earlier study')),
          words: Type.Optional(Codes('words of which one stands in its description')),
        },
        { ...closed, description: 'only earlier studies like this' },
      ),
    ),
    years: Type.Integer({ minimum: 1, maximum: 150, description: 'how old a study may be' }),
    studies: Type.Integer({ minimum: 1, maximum: 100, description: 'the newest so many' }),
  },
  closed,
)
export type PrefetchRule = Static<typeof PrefetchRule>

export const PrefetchSettings = Type.Object(
  {
    responsible: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'person or department that answers for its searches, on record at both ends',
    }),
    role: Type.Enum(['radiologist'], { description: 'in which it asks other hospitals' }),
    perHour: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 60,
      description: 'orders searched for in an hour, at most; the others wait',
    }),
    waitSeconds: Type.Number({
      minimum: 0.05,
      maximum: 600,
      default: 30,
      description: 'how long answers of other hospitals are waited for',
    }),
    rules: Type.Array(PrefetchRule, {
      minItems: 1,
      maxItems: 200,
      description: 'the first that fits an order decides; an order that none fits is left alone',
    }),
  },
  { ...closed, description: 'fetches earlier studies of who is expected (spec 17 §6)' },
)
export type PrefetchSettings = Static<typeof PrefetchSettings>
