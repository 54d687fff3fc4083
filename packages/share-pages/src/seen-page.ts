import { html } from './html.ts'
import { addressOf, page, withPhone } from './page.ts'
import type { LinkFacts } from './page.ts'
import { instantInWords, textsOf } from './wording.ts'

/** What was done with the link, newest first. `at`: milliseconds since the Unix epoch. */
export function seenPage(facts: LinkFacts, history: readonly { at: number; what: string }[]): string {
  const texts = textsOf(facts.language)
  const lines = history.toReversed().map(
    ({ at, what }) =>
      html`<li>
        <span class="what">${Object.hasOwn(texts.seen, what) ? texts.seen[what] : texts.seenOther}</span>
        <time class="when" datetime="${new Date(at).toISOString()}"
          >${instantInWords(at, facts.language)}</time
        >
      </li> `,
  )
  return page(facts, {
    title: texts.seenTitle,
    session: { link: facts.link, current: 'seen' },
    body: html`<div class="narrow">
      <h1>${texts.seenTitle}</h1>
      <p class="lead">${texts.seenText}</p>
      <ol class="history">
        ${lines}
      </ol>
      <p>${withPhone(texts.seenNext, facts.helpPhone)}</p>
      <p>
        <a class="button button-danger" href="${addressOf(facts, `/z/${facts.link}/block`)}"
          >${texts.blockLink}</a
        >
      </p>
    </div>`,
  })
}
