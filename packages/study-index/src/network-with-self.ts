import type { IndexNetwork } from './ports.ts'
import type { IndexReplica } from './replica.ts'

/** A node is a replica too: what it would ask itself never touches the network. */
export function networkWithSelf(network: IndexNetwork, peerId: string, replica: IndexReplica): IndexNetwork {
  return {
    ask: (peer, request, signal) =>
      peer === peerId ? replica.answer(peerId, request, signal) : network.ask(peer, request, signal),
  }
}
