import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './node-api.ts'

/** The newest mail to an address that the demo's catcher has: its whole source, and its plain text decoded. */
export function mailTo(address: string, mailDir: string): Promise<{ source: string; text: string }> {
  return until(
    async () => {
      for (const name of (await readdir(mailDir)).sort().toReversed()) {
        const source = await readFile(join(mailDir, name), 'utf8')
        if (source.toLowerCase().includes(`to: ${address}`)) return { source, text: plainText(source) }
      }
      return undefined
    },
    { timeoutMs: 30_000, what: 'mail came' },
  )
}

/** The text/plain part, transfer encoding undone (RFC 2045 §6.8). */
function plainText(source: string): string {
  const part = source.split(/\r?\n--[^\r\n]+\r?\n/).find((each) => /content-type: text\/plain/i.test(each))
  const [head = '', ...body] = (part ?? source).split(/\r?\n\r?\n/)
  const text = body.join('\n\n')
  return /base64/i.test(head) ? Buffer.from(text.split(/\r?\n--/)[0] ?? '', 'base64').toString() : text
}

/** The digits of the newest text message. */
export function newestCode(smsDir: string): Promise<string> {
  return until(
    async () => {
      const files = (await readdir(smsDir)).filter((name) => !name.startsWith('.')).sort()
      const text = await readFile(join(smsDir, files.at(-1) ?? ''), 'utf8')
      const message = JSON.parse(text) as { text: string }
      return /\b(\d{6})\b/.exec(message.text)?.[1]
    },
    { timeoutMs: 15_000, what: 'text message came' },
  )
}

/** The one address with a key in a text. */
export const linkIn = (text: string): string =>
  /https:\/\/\S+\/z\/[A-Za-z0-9_-]+#[A-Za-z0-9_-]+/.exec(text)?.[0] ?? ''
