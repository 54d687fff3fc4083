/**
 * Preloaded into a node (`--import`): the port CLOSED_PORT is closed again as soon as it listens, as behind a firewall
 * that nobody thought of. Everything else is as always.
 */
import { Server } from 'node:net'

const listen: unknown = Reflect.get(Server.prototype, 'listen')
Server.prototype.listen = function (this: Server, ...given: unknown[]) {
  if (given[0] === Number(process.env.CLOSED_PORT))
    this.once('listening', () => setImmediate(() => this.close()))
  return Reflect.apply(listen as (...given: unknown[]) => Server, this, given)
}
