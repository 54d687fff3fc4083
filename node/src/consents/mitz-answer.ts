import type { Decision } from '@twiin/consent'
import { TwiinError } from '@twiin/runtime'

const deepest = 32

/**
 * What an answer of Mitz says: `Envelope/Body/…/Response/Result/Decision`, once, and Permit or Deny. The answer is from
 * outside: no document type, no comments, no processing instructions but the first, no CDATA, tags in order. Throws
 * `ANSWER_INVALID`: whatever is unclear is no answer.
 */
export function readMitzAnswer(text: string): Decision {
  const decisions: string[] = []
  const open: string[] = []
  let content = ''
  const whole = text.trim()
  let read = 0
  for (const [all, markup = '', between = ''] of whole.matchAll(/(<[^<>]*>)([^<]*)/g)) {
    read += all.length
    if (markup.startsWith('<?') && open.length === 0 && decisions.length === 0) continue
    const name = /^<\/?([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)(\s[^<>]*)?\/?>$/.exec(markup)?.[2]
    if (name === undefined) throw invalid('markup')
    if (markup.startsWith('</')) {
      const path = open.join('/')
      if (open.pop() !== name) throw invalid('order')
      if (name === 'Decision') {
        if (!/^Envelope\/Body\/(?:\w+\/){0,4}Response\/Result\/Decision$/.test(path)) throw invalid('place')
        decisions.push(content.trim())
      }
    } else if (!markup.endsWith('/>')) {
      if (open.length >= deepest) throw invalid('depth')
      open.push(name)
    }
    content = between
  }
  // What stands between tags that are none was passed over.
  if (read !== whole.length) throw invalid('text')
  if (open.length > 0 || decisions.length !== 1) throw invalid('decisions')
  if (decisions[0] === 'Permit') return 'permit'
  if (decisions[0] === 'Deny') return 'deny'
  throw invalid('decision')
}

const invalid = (why: string) => new TwiinError('ANSWER_INVALID', { why })
