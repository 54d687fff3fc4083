import { Type } from 'typebox'
import type { Static } from 'typebox'

/** What a browser answers to a challenge (WebAuthn level 3 §5.1.8), bounded; the rest is judged by the library. */
const Text = (maxLength: number) => Type.String({ maxLength })
const Outer = <T extends object>(response: T) => ({
  id: Text(1400),
  rawId: Text(1400),
  type: Type.Literal('public-key'),
  authenticatorAttachment: Type.Optional(Type.Union([Text(32), Type.Null()])),
  clientExtensionResults: Type.Object({}),
  response: Type.Object({ clientDataJSON: Text(4096), ...response }),
})

export const PasskeyAnswer = Type.Object(
  Outer({
    authenticatorData: Text(4096),
    signature: Text(4096),
    userHandle: Type.Optional(Type.Union([Text(200), Type.Null()])),
  }),
)
export type PasskeyAnswer = Static<typeof PasskeyAnswer>

/** What it answers when it made a key. */
export const NewPasskey = Type.Object(
  Outer({
    attestationObject: Text(32_768),
    transports: Type.Optional(Type.Array(Text(32), { maxItems: 16 })),
  }),
)
export type NewPasskey = Static<typeof NewPasskey>
