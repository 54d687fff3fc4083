import { Type } from 'typebox'
import type { Static } from 'typebox'

/** spec 17 §4: which studies are sent by themselves, to whom. */

const closed = { additionalProperties: false }
const Codes = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 64 })
const Kinds = Type.Array(Type.String({ pattern: '^[A-Z]{2,16}$' }), { maxItems: 64 })
const Weekday = Type.Enum(['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'])

const Rule = Type.Object(
  {
    name: Type.String({ pattern: '^[a-zA-Z0-9][a-zA-Z0-9 _.-]{0,63}$' }),
    when: Type.Object(
      {
        modality: Type.Optional(Codes),
        calledAe: Type.Optional(Codes),
        callingAe: Type.Optional(Codes),
        department: Type.Optional(Codes),
        bodyPart: Type.Optional(Codes),
        descriptionWords: Type.Optional(Codes),
        hours: Type.Optional(
          Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-3]):[0-5]\\d$' }),
        ),
        weekdays: Type.Optional(Type.Array(Weekday, { minItems: 1, maxItems: 7 })),
      },
      closed,
    ),
    to: Type.Optional(
      Type.Object(
        {
          ura: Type.String({ pattern: '^\\d{8}$' }),
          mailbox: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          urgency: Type.Enum(['routine', 'urgent'], { default: 'routine' }),
          reason: Type.String({ minLength: 1, maxLength: 500 }),
          note: Type.Optional(Type.String({ maxLength: 2000 })),
        },
        closed,
      ),
    ),
    quietSeconds: Type.Number({ minimum: 0.01, maximum: 86_400, default: 60 }),
    exclude: Type.Optional(Kinds),
    stop: Type.Boolean({ default: false }),
  },
  closed,
)
export type Rule = Static<typeof Rule>

export const RoutingSettings = Type.Object(
  {
    rules: Type.Array(Rule, { maxItems: 200, default: [], description: 'asked in this order' }),
    excludeFromSends: Type.Array(Kinds.items, {
      maxItems: 64,
      default: ['PR', 'KO'],
      description: 'series modalities that stay here',
    }),
    timeZone: Type.String({ default: 'Europe/Amsterdam', description: 'of hours and weekdays' }),
  },
  { ...closed, default: {} },
)
export type RoutingSettings = Static<typeof RoutingSettings>
