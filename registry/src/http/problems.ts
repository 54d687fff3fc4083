import { Problems } from '@twiin/web'

/** What this API answers with besides what any server has to say (spec 06 §6). */
export const problems = new Problems({
  showsReason: true,
  table: {
    MESSAGE_INVALID: [400, 'The message does not have the shape of the specification.'],
    ENROLMENT_TOKEN_INVALID: [
      401,
      'This enrolment token does not exist, is used up, expired, or is for another clinic.',
    ],
    SIGNATURE_INVALID: [401, 'The signature is not one of this key over this message.'],
    KEY_REVOKED: [403, 'This key was revoked; a new key needs a new enrolment.'],
    KEY_UNKNOWN: [403, 'This key was never enrolled.'],
    RENEWAL_TOO_LATE: [403, 'The certificate expired more than thirty days ago; enrol again.'],
    PEER_UNKNOWN: [403, 'No valid certificate belongs to this key.'],
    SECOND_PERSON_REQUIRED: [409, 'You have already said so; it takes another person.'],
    APPLICATION_CLOSED: [409, 'This application was approved, or a newer one took its place.'],
    KEEPER_KEY: [409, 'This is the key of the registry itself; it ends with a new ceremony.'],
    ALREADY_REVOKED: [409, 'This certificate is revoked.'],
    KEY_TAKEN: [409, 'This key belongs to another clinic.'],
    CLINIC_HAS_KEY: [409, 'This clinic has another key with a valid certificate; revoke that first.'],
    MESSAGE_TOO_LARGE: [413, 'The message is longer than it may be.'],
    CSR_INVALID: [422, 'The certificate request cannot be read, or was not signed by the key in it.'],
    ANNOUNCEMENT_STALE: [422, 'The announcement is more than five minutes away from our clock.'],
    NOT_READY: [503, 'Still starting.'],
    LEDGER_UNWRITABLE: [503, 'The ledger cannot be written; nothing is taken in.'],
  },
})
