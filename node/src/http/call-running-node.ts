import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { TwiinError } from '@twiin/runtime'

interface Running {
  url: string
  caFile: string
}

/**
 * What a command asks of the node that runs, whose database nobody else can open. The token (role operator) is read from
 * standard input. Throws the code that the node answered; what was not sent yet is dropped then, and nothing
 * is left open.
 */
export async function callRunningNode(
  { dataDir }: { dataDir: string },
  path: string,
  type: string,
  body: Readable,
): Promise<IncomingMessage> {
  const token = (await text(process.stdin)).trim()
  const { url, caFile } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')) as Running
  const headers = { authorization: `Bearer ${token}`, 'content-type': type }
  const asked = request(`${url}${path}`, { method: 'POST', headers, ca: readFileSync(caFile) })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.once('error', reject)
  })
  // A node that refuses does not read to the end: its answer tells, not the broken pipe.
  pipeline(body, asked).catch(() => {})
  const answer = await answered
  if (answer.statusCode === 200 || answer.statusCode === 202) return answer
  const problem = (await json(answer).catch(() => ({}))) as { code?: string }
  // It reads no more of the body: without this the rest of it would wait, and the command with it.
  asked.destroy()
  throw new TwiinError(problem.code ?? 'UNEXPECTED')
}
