import { Type } from 'typebox'
import type { Static } from 'typebox'

/** spec 17 §4: which studies are sent by themselves, to whom. */

const closed = { additionalProperties: false }
const Codes = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 64, description })
const Kind = Type.String({ pattern: '^[A-Z]{2,16}$' })
/** As images state it (PS3.3 C.4.11, and the retired Study Priority ID), in our words. */
const Priority = Type.Enum(['stat', 'high', 'routine', 'medium', 'low'])
const Weekday = Type.Enum(['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'])

export const Rule = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9 _.-]{0,63}$',
      description: 'as transfers name it',
    }),
    when: Type.Object(
      {
        modality: Type.Optional(Codes('of any of its series')),
        calledAe: Type.Optional(Codes('AE title it was stored at')),
        callingAe: Type.Optional(Codes('AE title of who stored it')),
        department: Type.Optional(Codes('Institutional Department Name (0008,1040)')),
        referringDepartment: Type.Optional(Codes('department that asked for it, as the images say')),
        priority: Type.Optional(
          Type.Array(Priority, { minItems: 1, maxItems: 5, description: 'urgency, as the images say' }),
        ),
        bodyPart: Type.Optional(Codes('of any of its series')),
        descriptionWords: Type.Optional(Codes('words of which one stands in its description')),
        hours: Type.Optional(
          Type.String({
            pattern: '^([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-3]):[0-5]\\d$',
            description: '`HH:MM-HH:MM`, may go past midnight',
          }),
        ),
        weekdays: Type.Optional(
          Type.Array(Weekday, { minItems: 1, maxItems: 7, description: 'days on which it counts' }),
        ),
      },
      closed,
    ),
    to: Type.Optional(
      Type.Object(
        {
          ura: Type.String({ pattern: '^\\d{8}$', description: 'the hospital it goes to' }),
          mailbox: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'its department' })),
          urgency: Type.Enum(['routine', 'urgent'], {
            default: 'routine',
            description: 'urgent goes before routine',
          }),
          reason: Type.String({ minLength: 1, maxLength: 500, description: 'why, on record at both ends' }),
          note: Type.Optional(Type.String({ maxLength: 2000, description: 'for who reads it there' })),
        },
        { ...closed, description: 'where it goes; without it the rule only stops others' },
      ),
    ),
    quietSeconds: Type.Number({
      minimum: 0.01,
      maximum: 86_400,
      default: 60,
      description: 'a study is complete when nothing of it came for so long',
    }),
    exclude: Type.Optional(
      Type.Array(Kind, {
        maxItems: 64,
        description: 'series modalities that stay here, in the place of those in `routing.excludeFromSends`',
      }),
    ),
    stop: Type.Boolean({ default: false, description: 'no later rule is asked' }),
  },
  closed,
)
export type Rule = Static<typeof Rule>

export const RoutingSettings = Type.Object(
  {
    rules: Type.Array(Rule, { maxItems: 200, default: [], description: 'asked in this order' }),
    excludeFromSends: Type.Array(Kind, {
      maxItems: 64,
      default: ['PR', 'KO'],
      description: 'series modalities that stay here',
    }),
    timeZone: Type.String({ default: 'Europe/Amsterdam', description: 'of hours and weekdays' }),
  },
  { ...closed, default: {} },
)
export type RoutingSettings = Static<typeof RoutingSettings>
