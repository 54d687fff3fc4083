import type { Server, Socket } from 'node:net'
import { clientNetwork } from './client-network.ts'

export interface ConnectionBounds {
  /** In all; the system's list of those that wait holds the others for a moment. */
  most: number
  /** From one network. */
  ofNetwork: number
}

/**
 * Refuses connections beyond these, before TLS costs anything, by ending them. `isExempt`: of a proxy, through which many
 * networks come.
 */
export function boundConnections(
  server: Server,
  bounds: ConnectionBounds,
  isExempt: (address: string) => boolean,
): void {
  const open = new Map<string, number>()
  server.maxConnections = bounds.most
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket
    if (isExempt(remoteAddress)) return
    const network = clientNetwork(remoteAddress)
    const count = open.get(network) ?? 0
    if (count >= bounds.ofNetwork) {
      socket.destroy()
      return
    }
    open.set(network, count + 1)
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1
      if (left === 0) open.delete(network)
      else open.set(network, left)
    })
  })
}
