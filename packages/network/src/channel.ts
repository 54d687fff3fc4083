/** A long-lived conversation in frames, both ways, over one stream. */
export interface Channel {
  readonly peerId: string
  /** Aborted when the channel is over for whatever reason; its reason is the TwiinError. */
  readonly signal: AbortSignal
  /**
   * Resolves when the transport can take more: awaiting it is the back-pressure. Small frames are gathered into writes of
   * 256 KiB; the bytes are copied, so the caller may reuse its buffers. An array is the parts of ONE frame.
   * @throws TwiinError CHANNEL_CLOSED, FRAME_TOO_LARGE
   */
  send(frame: Uint8Array | readonly Uint8Array[]): Promise<void>
  /**
   * The peer's frames, paced: bytes are taken from the network only as the reader asks for them. Ends when the peer called
   * `end()`. Read once.
   * @throws TwiinError CHANNEL_CLOSED, FRAME_TOO_LARGE, PEER_NOT_ADMITTED
   */
  frames(): AsyncIterable<Uint8Array>
  /** Half close: no more frames from us; the peer's may still come. Resolves when all is handed to the transport. */
  end(): Promise<void>
  /** Ends both directions at once. The peer sees CHANNEL_CLOSED, never the error. */
  abort(error: Error): void
}
