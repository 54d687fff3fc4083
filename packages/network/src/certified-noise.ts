import type { NoiseComponents } from '@chainsafe/libp2p-noise'
import { noise } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter, SecuredConnection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Logger } from '@twiin/runtime'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import { unlessAborted, withTimeout } from './abort.ts'
import type { Admission } from './admission.ts'

/** spec 00 §5 */
export const CERTIFIED_NOISE = '/twiin/noise-x509/2.0.0'
const MAX_CREDENTIAL_BYTES = 16 * 1024
const ACCEPTED = 1
const REFUSED = 0
/** How long a refusal may take to reach the refused: it holds a pending slot meanwhile. */
const FAREWELL_MS = 500

interface CertifiedNoiseDeps {
  admission: Admission
  log: Logger
  /** The library drops the class of an error thrown here, so the reason goes this way too. */
  onRefusal: (peerId: string, reason: TwiinError) => void
}

/**
 * The only encrypter: noise proves the peer's key, then both sides show a credential and both give a verdict, before the
 * muxer and so before any protocol. spec 00 §5.
 */
export const certifiedNoise =
  (deps: CertifiedNoiseDeps) =>
  (components: NoiseComponents): ConnectionEncrypter => {
    const inner = noise()(components)
    const refuseOr = async (secured: SecuredConnection, signal?: AbortSignal): Promise<SecuredConnection> => {
      const peerId = secured.remotePeer.toString()
      try {
        await exchangeCredentials(secured, peerId, deps.admission, signal)
        return secured
      } catch (error) {
        if (isTwiinError(error)) {
          deps.onRefusal(peerId, error)
          deps.log.warn('connection refused', { code: error.code, ...error.facts })
        }
        throw error
      }
    }
    return {
      protocol: CERTIFIED_NOISE,
      secureInbound: async (connection, options) =>
        refuseOr(await inner.secureInbound(connection, options), options?.signal),
      secureOutbound: async (connection, options) =>
        refuseOr(await inner.secureOutbound(connection, options), options?.signal),
    }
  }

async function exchangeCredentials(
  secured: SecuredConnection,
  peer: string,
  admission: Admission,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bounded = signal === undefined ? {} : { signal }
  const frames = lpStream(secured.connection, {
    maxDataLength: MAX_CREDENTIAL_BYTES,
    maxBufferSize: 4 * MAX_CREDENTIAL_BYTES,
  })
  await frames.write(admission.credential(), bounded)
  const presented = (await frames.read(bounded)).subarray()
  try {
    await unlessAborted(admission.verify(presented, peer), signal)
  } catch (error) {
    const farewell = { signal: withTimeout(FAREWELL_MS, signal) }
    await sayRefused(frames, farewell)
    throw new TwiinError('PEER_NOT_ADMITTED', { peer, reason: codeOf(error) }, { cause: error })
  }
  await frames.write(Uint8Array.of(ACCEPTED), bounded)
  // without the peer's verdict a dialler would believe itself connected until the listener hangs up
  const verdict = (await frames.read(bounded)).subarray()
  if (verdict.byteLength !== 1 || verdict[0] !== ACCEPTED) throw new TwiinError('PEER_REFUSED', { peer })
  frames.unwrap()
}

/** The verdict must arrive before the connection is reset, or the peer cannot tell a refusal from a broken line. */
async function sayRefused(
  frames: ReturnType<typeof lpStream>,
  options: { signal: AbortSignal },
): Promise<void> {
  try {
    await frames.write(Uint8Array.of(REFUSED), options)
    const verdict = (await frames.read(options)).subarray()
    // a peer that refuses us too has no use for ours
    if (verdict[0] === ACCEPTED) await frames.read(options)
  } catch {
    // the peer hung up, which is what we waited for
  }
}
