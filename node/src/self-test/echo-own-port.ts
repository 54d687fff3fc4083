import { dimseStatus, openAssociation, verificationClass } from '@twiin/dimse'
import { codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'

const implicitLittleEndian = '1.2.840.10008.1.2'
/** An address to listen on that is no address to connect to. */
const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** C-ECHO to this node's own DICOM port, as a modality that it admits: whether it answers. Never throws. */
export async function echoOwnPort(
  options: { aeTitle: string; callingAeTitle: string },
  deps: { address: () => { host: string; port: number }; log: Logger },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { host, port } = deps.address()
    await using association = await openAssociation(
      {
        host: anywhere[host] ?? host,
        port,
        callingAe: options.callingAeTitle,
        calledAe: options.aeTitle,
        contexts: [{ abstractSyntax: verificationClass, transferSyntaxes: [implicitLittleEndian] }],
        timeouts: { connectMs: 3000, responseMs: 3000 },
        signal,
      },
      { log: deps.log },
    )
    return (await association.echo()) === dimseStatus.success
  } catch (error) {
    deps.log.warn('own DICOM port not reached', { code: codeOf(error) })
    return false
  }
}
