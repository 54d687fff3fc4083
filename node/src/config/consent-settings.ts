import { Type } from 'typebox'

const closed = { additionalProperties: false }
const Code = (description: string, example?: string) =>
  Type.String({ pattern: '^[A-Za-z0-9._-]{1,32}$', description, ...(example && { default: example }) })
const File = (description: string) => Type.String({ minLength: 1, description })

/** Mitz, or what speaks like it (spec 08 §8). */
const Mitz = Type.Object(
  {
    url: Type.String({ pattern: '^https://', description: 'where closed questions are asked' }),
    certificateFile: File('our client certificate with its intermediate certificates, PEM'),
    keyFile: File('its key, PEM'),
    caFile: File('who vouches for its certificate, PEM'),
    timeoutSeconds: Type.Number({
      minimum: 0.1,
      maximum: 6,
      default: 2,
      description: 'after this there is no answer, and that permits nothing',
    }),
    cacheSeconds: Type.Integer({
      minimum: 0,
      maximum: 300,
      default: 30,
      description: 'how long an answer counts; a withdrawal in Mitz takes effect after it',
    }),
    dataCategory: Code('code of what is asked for'),
    roleCode: Code('code of a radiologist', '01.062'),
    facilityTypes: Type.Object(
      {
        umc: Code('of university medical centres', 'V5'),
        hospital: Code('of hospitals', 'V6'),
        clinic: Code('of clinics', 'B1'),
      },
      { ...closed, default: {} },
    ),
  },
  { ...closed, description: 'Mitz is asked for every request from elsewhere' },
)

export const ConsentSettings = Type.Object({ mitz: Type.Optional(Mitz) }, { ...closed, default: {} })
