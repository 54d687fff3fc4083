import { Type } from 'typebox'
import type { Static } from 'typebox'

const closed = { additionalProperties: false }
const Minutes = (description: string) =>
  Type.Number({ minimum: 0.01, maximum: 1440, default: 60, description })

const Syslog = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'name of the receiver, as in its certificate',
    }),
    port: Type.Integer({ minimum: 1, maximum: 65535, default: 6514, description: 'its port' }),
    caFile: Type.String({ minLength: 1, description: 'CA of its certificate, PEM' }),
    certificateFile: Type.Optional(
      Type.String({ description: 'certificate of this node for the receiver, PEM, where it asks for one' }),
    ),
    keyFile: Type.Optional(Type.String({ description: 'key of that certificate, PEM' })),
  },
  { ...closed, description: 'receiver of every entry of the log, as ATNA messages over TLS (spec 07 §10)' },
)
export type SyslogSettings = Static<typeof Syslog>

/** Spec 07 §8–§10. */
export const AuditSettings = Type.Object(
  {
    anchorMinutes: Minutes('how often the head of the audit log is handed to other members'),
    compareMinutes: Minutes('how often accounts are compared with other members'),
    syslog: Type.Optional(Syslog),
  },
  { ...closed, default: {} },
)
