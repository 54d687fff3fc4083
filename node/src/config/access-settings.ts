import { Type } from 'typebox'

/** What this hospital lets others do with what it made, for every patient alike (spec 08 §5). */
export const AccessSettings = Type.Object(
  {
    onwardSharing: Type.Enum(['permit', 'refuse'], {
      default: 'permit',
      description:
        'whether a hospital that may see a study may also hand it to the patient, or to somebody outside the network (spec 25 §7)',
    }),
  },
  { additionalProperties: false, default: {} },
)
