import { connect } from 'node:net'

/** An A-ASSOCIATE-RQ (PS3.8 §9.3.2) for verification, written by hand for peers that break the rules afterwards. */
export function associateRequest(calledAe: string, callingAe: string): Buffer {
  const item = (type: number, value: Buffer) => {
    const header = Buffer.from([type, 0, 0, 0])
    header.writeUInt16BE(value.length, 2)
    return Buffer.concat([header, value])
  }
  const uid = (type: number, text: string) => item(type, Buffer.from(text))
  const maxLength = Buffer.alloc(4)
  maxLength.writeUInt32BE(16384)
  const context = [Buffer.from([1, 0, 0, 0]), uid(0x30, '1.2.840.10008.1.1'), uid(0x40, '1.2.840.10008.1.2')]
  const body = Buffer.concat([
    Buffer.from([0, 1, 0, 0]),
    Buffer.from(calledAe.padEnd(16) + callingAe.padEnd(16)),
    Buffer.alloc(32),
    uid(0x10, '1.2.840.10008.3.1.1.1'),
    item(0x20, Buffer.concat(context)),
    item(0x50, Buffer.concat([item(0x51, maxLength), uid(0x52, '1.2.3.4')])),
  ])
  return pdu(1, body)
}

export function pdu(type: number, body: Buffer, claimedLength = body.length): Buffer {
  const header = Buffer.from([type, 0, 0, 0, 0, 0])
  header.writeUInt32BE(claimedLength, 2)
  return Buffer.concat([header, body])
}

/** Sends the parts one after another, each after an answer to the one before; the types of the PDUs that came back. */
export async function converse(
  to: { host: string; port: number },
  parts: readonly Buffer[],
): Promise<number[]> {
  const socket = connect(to)
  const types: number[] = []
  const waiting = [...parts]
  const sendNext = () => {
    const next = waiting.shift()
    if (next !== undefined) socket.write(next)
  }
  return new Promise((resolve, reject) => {
    socket.setTimeout(10_000, () => socket.destroy(new Error('no end within ten seconds')))
    socket.on('connect', sendNext)
    socket.on('data', (bytes) => {
      types.push(bytes[0] ?? 0)
      sendNext()
    })
    socket.on('end', () => socket.end())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(types))
  })
}
