import { Type } from 'typebox'
import type { Static } from 'typebox'

const File = Type.String({ minLength: 1 })

/** TLS on the DICOM side (docs/dicom-conformance.md §8): a port of its own, and what `tls: true` elsewhere uses. */
export const DicomTlsSettings = Type.Object(
  {
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
    certificateFile: Type.String({ minLength: 1, description: 'with its intermediate certificates, PEM' }),
    keyFile: File,
    caFile: Type.Optional(
      Type.String({ minLength: 1, description: 'who may have issued certificates of the others, PEM' }),
    ),
    clientCertificate: Type.Enum(['required', 'optional', 'none'], {
      default: 'required',
      description: 'whether who calls has to show one',
    }),
  },
  { additionalProperties: false, description: 'read again when they change, without a restart' },
)
export type DicomTlsSettings = Static<typeof DicomTlsSettings>
