import type { Decision } from '@twiin/consent'
import { TwiinError } from '@twiin/runtime'

const deepest = 32
const place = /^Envelope\/Body\/(?:\w+\/){0,4}Response\/Result\/Decision$/

/** An element that is open. It holds text or other elements, not both. */
interface Open {
  readonly name: string
  text: string
  hasElements: boolean
}

/**
 * What an answer of Mitz says: `Envelope/Body/…/Response/Result/Decision`, once, and Permit or Deny. The answer is from
 * outside: no document type, no comments, no processing instructions but the first, no CDATA, tags in order, no text
 * beside elements, one result. Throws `ANSWER_INVALID`: whatever is unclear is no answer.
 */
export function readMitzAnswer(text: string): Decision {
  const seen = { results: 0, decisions: 0 }
  const open: Open[] = []
  let decision = ''
  let roots = 0
  const whole = text.trim()
  let read = 0
  for (const [all, markup = '', between = ''] of whole.matchAll(/(<[^<>]*>)([^<]*)/g)) {
    const isFirst = read === 0
    read += all.length
    if (isFirst && markup.startsWith('<?')) {
      if (between.trim() !== '') throw invalid('text')
      continue
    }
    const name = /^<\/?([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)(\s[^<>]*)?\/?>$/.exec(markup)?.[2]
    if (name === undefined) throw invalid('markup')
    if (markup.startsWith('</')) {
      const path = open.map((one) => one.name).join('/')
      const closed = open.pop()
      if (closed?.name !== name) throw invalid('order')
      if (name === 'Decision') {
        if (closed.hasElements || !place.test(path)) throw invalid('place')
        decision = closed.text.trim()
      }
    } else {
      const inside = open.at(-1)
      if (inside === undefined) roots++
      else inside.hasElements = true
      if (name === 'Result') seen.results++
      if (name === 'Decision') seen.decisions++
      if (open.length >= deepest) throw invalid('depth')
      if (!markup.endsWith('/>')) open.push({ name, text: '', hasElements: false })
    }
    const holder = open.at(-1)
    if (holder !== undefined) holder.text += between
    if (holder === undefined ? between.trim() !== '' : holder.hasElements && holder.text.trim() !== '')
      throw invalid('text')
  }
  // What stands between tags that are none was passed over.
  if (read !== whole.length) throw invalid('text')
  if (open.length > 0 || roots !== 1) throw invalid('order')
  if (seen.results !== 1 || seen.decisions !== 1) throw invalid('decisions')
  if (decision === 'Permit') return 'permit'
  if (decision === 'Deny') return 'deny'
  throw invalid('decision')
}

const invalid = (why: string) => new TwiinError('ANSWER_INVALID', { why })
