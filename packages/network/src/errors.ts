/**
 * - PEER_UNREACHABLE: no address answers, or the connection died. Trying later may help.
 * - PEER_REFUSED: the peer is there and will not: it refused our certificate, does not speak the protocol, or reset the stream.
 * - PEER_TIMEOUT: the peer is there, but no answer came in time.
 * - PEER_NOT_ADMITTED: we refuse the peer.
 * - FRAME_TOO_LARGE: somebody declared or sent more than was agreed.
 * - CHANNEL_CLOSED: the conversation ended before it was complete.
 */
export type NetworkErrorCode =
  | 'PEER_UNREACHABLE'
  | 'PEER_REFUSED'
  | 'PEER_TIMEOUT'
  | 'PEER_NOT_ADMITTED'
  | 'FRAME_TOO_LARGE'
  | 'CHANNEL_CLOSED'
