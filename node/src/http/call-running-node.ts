import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Readable } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { TwiinError } from '@twiin/runtime'
import { runtimeFileOf } from './runtime-file.ts'
import type { Runtime } from './runtime-file.ts'

/**
 * What a command asks of the node that runs, whose database nobody else can open. The token (role operator) is read from
 * standard input. Throws the code that the node answered, or `NODE_CERTIFICATE_DIFFERS`; what was not sent yet is dropped
 * then, and nothing is left open.
 */
export async function callRunningNode(
  { dataDir }: { dataDir: string },
  path: string,
  type: string,
  body: Readable,
): Promise<IncomingMessage> {
  const token = (await text(process.stdin)).trim()
  const { url, certificate } = JSON.parse(readFileSync(runtimeFileOf(dataDir), 'utf8')) as Runtime
  // Kept until its answer was read: a node that closes at once while more of the body comes would cut its own answer off.
  const headers = { authorization: `Bearer ${token}`, 'content-type': type, connection: 'keep-alive' }
  const socket = await connectTo(new URL(url), certificate)
  const asked = request(`${url}${path}`, { method: 'POST', headers, createConnection: () => socket })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.once('error', reject)
  })
  // A node that refuses does not read to the end: its answer tells, not the broken pipe.
  pipeline(body, asked).catch(() => {})
  const answer = await answered
  answer.once('close', () => socket.destroy())
  if (answer.statusCode === 200 || answer.statusCode === 202) return answer
  const problem = (await json(answer).catch(() => ({}))) as { code?: string }
  // It reads no more of the body: without this the rest of it would wait, and the command with it.
  asked.destroy()
  throw new TwiinError(problem.code ?? 'UNEXPECTED')
}

/**
 * The node shows its own certificate or one of the hospital, for names that this command need not know. So neither name nor
 * issuer counts here, but that it is the one certificate of the node that runs; nothing is said before that is sure.
 */
async function connectTo({ hostname, port }: URL, certificate: string): Promise<TLSSocket> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  if (socket.getPeerX509Certificate()?.fingerprint256 === certificate) return socket
  socket.destroy()
  throw new TwiinError('NODE_CERTIFICATE_DIFFERS')
}
