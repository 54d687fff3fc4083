import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { NetworkHospital } from '../demo-network/network-file.ts'

/** Sends a zip to a node, as an operator does with a disc (spec 19 §4). */
export function storeZip({ web }: NetworkHospital, zip: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = request(
      `${web.url}/api/v1/discs`,
      {
        ca: readFileSync(web.caFile),
        method: 'POST',
        headers: { authorization: `Bearer ${web.tokens.operator}`, 'content-type': 'application/zip' },
      },
      (answer) => {
        answer.resume()
        if (answer.statusCode === 202) answer.on('end', resolve)
        else reject(new Error(`the node answered ${String(answer.statusCode)}`))
      },
    )
    sending.on('error', reject)
    sending.end(zip)
  })
}
