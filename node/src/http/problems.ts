import { Problems } from '@twiin/web'

/** What this API answers with besides what any server has to say (spec 10 §3). */
export const problems = new Problems({
  table: {
    BSN_IN_URL: [400, 'A BSN never stands in an address: begin a patient search.'],
    FRAME_UNKNOWN: [404, 'The image has no such frame.'],
    NO_IMAGE: [404, 'The instance holds no image.'],
    HOLDER_REFUSED: [403, 'The hospital that holds this study does not give it.'],
    MULTIPART_INVALID: [400, 'The parts of the request make no sense.'],
    QUERY_INVALID: [400, 'A key of the query makes no sense.'],
    NOT_ACCEPTABLE: [406, 'It cannot be had in any form that the request accepts.'],
    PATIENT_CONFLICT: [409, 'The study says that it is of another patient.'],
    MEDIA_TYPE_UNSUPPORTED: [415, 'Instances are stored as multipart/related of application/dicom.'],
    RANGE_NOT_SATISFIABLE: [416, 'It is not that long.'],
    DICOM_UNREADABLE: [422, 'The data set makes no sense there.'],
    STUDY_NOT_AVAILABLE: [502, 'The study could not be brought here.'],
    STUDY_ON_ITS_WAY: [503, 'The study is still on its way; ask again.'],
    STATE_CONFLICT: [409, 'Its state does not allow this any more.'],
    BSN_INVALID: [422, 'This is not a valid BSN.'],
    BASIS_NOT_SUPPORTED: [422, 'A search needs the basis "treatment".'],
    IDENTITY_MISMATCH: [422, 'This is not the patient of that BSN.'],
    RECIPIENT_UNKNOWN: [422, 'The network has no such hospital or mailbox.'],
    STUDY_UNKNOWN: [422, 'This study is not held here.'],
    TOKEN_QUOTA_EXCEEDED: [429, 'The quota of searches for new patients is used up.'],
    TOKEN_UNAVAILABLE: [503, 'The token keepers cannot be reached and this patient is not known here.'],
    NOT_READY: [503, 'The node is still waiting for its certificate or the network bundle.'],
    OUT_OF_RESOURCES: [507, 'The disk is full up to its reserve.'],
  },
})
