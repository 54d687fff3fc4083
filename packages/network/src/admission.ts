/**
 * Judges a peer's credential. The app implements it: it knows certificates, the network bundle and the revocation list;
 * this package only sees to it that nothing is served before, and nothing after, it says yes.
 */
export interface Admission {
  /** What we present to every peer, also to one we are about to refuse: at most 16 KiB and nothing secret. */
  credential(): Uint8Array
  /**
   * Throws (TwiinError) to refuse. `peerId` is proven: noise showed that the peer holds its key.
   * The implementation binds the credential to it.
   */
  verify(presented: Uint8Array, peerId: string): Promise<void>
  /** Asked again at every connection, request and channel, and by `sweep()`; only of peers that `verify` accepted. Fast and in memory. */
  stillAdmitted(peerId: string): boolean
}

/** Where peers can be dialled, from the signed member directory. */
export interface PeerAddresses {
  /** Multiaddrs such as `/ip4/192.0.2.1/tcp/4001` or `/dns4/node.example.org/tcp/4001`, best first; empty when unknown. */
  addressesOf(peerId: string): readonly string[]
}
