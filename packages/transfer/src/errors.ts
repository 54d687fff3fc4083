/**
 * - TRANSFER_REFUSED: the holder said no; `reason` is its code. Asking again needs another reason to be asked.
 * - TRANSFER_CUT: the conversation ended before all was there. Ask again: it goes on where it stopped.
 * - DIGEST_MISMATCH: an instance came twice with other bytes than the holder signed for.
 * - MANIFEST_INVALID: not signed by the holder, or about something else than was asked.
 * - PIECE_UNEXPECTED: bytes nobody asked for, out of order, or beyond the declared length.
 * - FRAME_INVALID: not a frame of spec 05 §1, or not at this moment.
 * - REQUEST_INVALID: (holder) a request for another node, too old, or a want outside the manifest.
 * - TRANSFER_STOPPED: (holder) the right to the study ended while it was sent.
 * - SOURCE_CHANGED: (holder) the bytes on disk are not those of the manifest.
 */
export type TransferErrorCode =
  | 'TRANSFER_REFUSED'
  | 'TRANSFER_CUT'
  | 'DIGEST_MISMATCH'
  | 'MANIFEST_INVALID'
  | 'PIECE_UNEXPECTED'
  | 'FRAME_INVALID'
  | 'REQUEST_INVALID'
  | 'TRANSFER_STOPPED'
  | 'SOURCE_CHANGED'
