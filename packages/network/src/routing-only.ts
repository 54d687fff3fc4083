import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { KadDHT, KadDHTComponents, KadDHTInit } from '@libp2p/kad-dht'
import { MessageType, kadDHT } from '@libp2p/kad-dht'
import { TwiinError } from '@twiin/runtime'
import { RateLimit } from './rate-limit.ts'

/** spec 00 §1: values and providers belong to somebody else's network; here they would only fill memory. */
const served: ReadonlySet<MessageType> = new Set([MessageType.FIND_NODE, MessageType.PING])
/** A request is a key of 38 bytes and a few more; the library would set 4 MiB aside for each. */
const maxStreamBytes = 1024

/** The part of the library that answers peers. It has no setting for what it answers, and no limit but one of streams. */
interface Answerer {
  handleMessage(peer: PeerId, message: { type: MessageType }): Promise<unknown>
  onIncomingStream(stream: Stream, connection: Connection): Promise<void>
}

/** kad-dht that answers FIND_NODE and PING, to each peer so many a second; anything else resets the stream. */
export function routingOnly(
  init: KadDHTInit,
  options: { requestsPerSecond: number },
): (components: KadDHTComponents) => KadDHT {
  return (components) => {
    const kad = kadDHT(init)(components)
    const answerer = answererOf(kad)
    const handleMessage = answerer.handleMessage.bind(answerer)
    const onIncomingStream = answerer.onIncomingStream.bind(answerer)
    const streams = new RateLimit(options.requestsPerSecond)
    const requests = new RateLimit(options.requestsPerSecond)
    answerer.onIncomingStream = async (stream, connection) => {
      if (!streams.take(connection.remotePeer.toString()))
        return stream.abort(new TwiinError('TOO_MANY_STREAMS'))
      let received = 0
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength
        if (received > maxStreamBytes) stream.abort(new TwiinError('FRAME_TOO_LARGE'))
      })
      await onIncomingStream(stream, connection)
    }
    // Many requests fit in one stream, so they are counted too. An error here resets the stream.
    answerer.handleMessage = async (peer, message) => {
      if (!served.has(message.type) || !requests.take(peer.toString())) throw new TwiinError('REFUSED')
      return handleMessage(peer, message)
    }
    return kad
  }
}

/** A library that was built otherwise must not start unguarded. */
function answererOf(kad: KadDHT): Answerer {
  const { rpc } = kad as unknown as { rpc?: Partial<Answerer> }
  if (typeof rpc?.handleMessage !== 'function' || typeof rpc.onIncomingStream !== 'function')
    throw new TwiinError('KAD_UNKNOWN')
  return rpc as Answerer
}
