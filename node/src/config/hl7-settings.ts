import { Type } from 'typebox'
import type { Static } from 'typebox'

const closed = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 180 })
const File = (description: string) => Type.String({ minLength: 1, description })
const Port = (description: string) => Type.Integer({ minimum: 1, maximum: 65535, description })

const Hl7Sender = Type.Object(
  {
    application: Type.String({ minLength: 1, maxLength: 180, description: 'MSH-3 of its messages' }),
    facility: Type.Optional(Type.String({ maxLength: 180, description: 'MSH-4; any when it is not given' })),
    addresses: Type.Optional(
      Type.Array(Type.String({ minLength: 2, maxLength: 45 }), {
        minItems: 1,
        maxItems: 16,
        description: 'IP addresses it may come from; any when not given',
      }),
    ),
    characterSet: Type.String({
      maxLength: 20,
      default: '8859/1',
      description: 'what it writes in when MSH-18 is empty, by the names of HL7 table 0211',
    }),
  },
  closed,
)

/** The listener for HL7 v2 over MLLP (spec 15). Without it nothing listens. */
export const Hl7Settings = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', description: 'address to listen on' }),
    port: Port('port to listen on, 2575 by custom'),
    tls: Type.Optional(
      Type.Object(
        {
          certificateFile: File('with its intermediate certificates, PEM'),
          keyFile: File('its key, PEM'),
          clientCaFile: Type.Optional(
            Type.String({ minLength: 1, description: 'senders must show a certificate of this CA' }),
          ),
        },
        { ...closed, description: 'with it only TLS is spoken' },
      ),
    ),
    application: Type.String({
      minLength: 1,
      maxLength: 180,
      default: 'TWIIN',
      description: 'MSH-3 of answers',
    }),
    senders: Type.Array(Hl7Sender, {
      minItems: 1,
      maxItems: 64,
      description: 'who may send; anybody else is answered AR',
    }),
    processingIds: Type.Array(Type.Enum(['P', 'T', 'D']), {
      minItems: 1,
      default: ['P'],
      description: 'MSH-11 that are taken: production, training, debugging',
    }),
    patientIdAuthorities: Type.Array(Name, {
      maxItems: 16,
      default: [],
      description:
        'assigning authorities in PID-3 that mean this hospital’s own numbers, beside hospital.patientIdIssuer',
    }),
    reportsTo: Type.Optional(
      Type.Object(
        {
          host: Type.String({ minLength: 1, maxLength: 255, description: 'name or address' }),
          port: Port('its MLLP port'),
          tls: Type.Boolean({ default: false, description: 'called over TLS' }),
        },
        { ...closed, description: 'the RIS that is told of reports from elsewhere, by ORU^R01' },
      ),
    ),
    maxMessageMiB: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 16,
      description: 'a longer message ends the connection',
    }),
  },
  { ...closed, description: 'the listener for HL7 v2 over MLLP (spec 15); without it nothing listens' },
)
export type Hl7Settings = Static<typeof Hl7Settings>
