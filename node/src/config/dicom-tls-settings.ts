import { Type } from 'typebox'
import type { Static } from 'typebox'

/** TLS on the DICOM side (docs/dicom-conformance.md §8): a port of its own, and what `tls: true` elsewhere uses. */
export const DicomTlsSettings = Type.Object(
  {
    port: Type.Integer({ minimum: 1, maximum: 65535, description: 'port with TLS, 2762 by custom' }),
    certificateFile: Type.String({ minLength: 1, description: 'with its intermediate certificates, PEM' }),
    keyFile: Type.String({ minLength: 1, description: 'its key, PEM' }),
    caFile: Type.Optional(
      Type.String({ minLength: 1, description: 'who may have issued certificates of the others, PEM' }),
    ),
    clientCertificate: Type.Enum(['required', 'optional', 'none'], {
      default: 'required',
      description: 'whether who calls has to show one',
    }),
  },
  {
    additionalProperties: false,
    description:
      'a second port, with TLS, and what `tls: true` elsewhere uses; its files are read again when they change',
  },
)
export type DicomTlsSettings = Static<typeof DicomTlsSettings>
