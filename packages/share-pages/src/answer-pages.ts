import { html } from './html.ts'
import type { Html } from './html.ts'
import { addressOf, page, withPhone } from './page.ts'
import type { LinkFacts, PageFacts } from './page.ts'
import { fill, instantInWords, textsOf } from './wording.ts'

/** Pages that say one thing, and what to do next. */

interface Said {
  title: string
  text: string
  next?: string | Html
  button?: Html
  tone?: 'good' | 'stop'
}

const saying = ({ title, text, next, button, tone }: Said): Html =>
  html`<div class="narrow">
    <h1>${title}</h1>
    <div class="card${tone !== undefined && ` card-${tone}`}">
      <p class="lead">${text}</p>
      ${next !== undefined && html`<p>${next}</p>`} ${button}
    </div>
  </div>`

const againButton = (facts: LinkFacts): Html =>
  html`<a class="button button-primary wide" href="${addressOf(facts, `/z/${facts.link}`)}"
    >${textsOf(facts.language).tryAgain}</a
  >`

export function lockedPage(facts: LinkFacts): string {
  const texts = textsOf(facts.language)
  return page(facts, {
    title: texts.lockedTitle,
    body: saying({
      title: texts.lockedTitle,
      text: texts.lockedText,
      next: withPhone(texts.lockedNext, facts.helpPhone),
      tone: 'stop',
    }),
  })
}

/** To who showed the right code; so are the next two. */
export function earlyPage(facts: LinkFacts, opensAt: number): string {
  const texts = textsOf(facts.language)
  const text = fill(texts.earlyText, { date: instantInWords(opensAt, facts.language) })
  return page(facts, {
    title: texts.earlyTitle,
    body: saying({ title: texts.earlyTitle, text, next: texts.earlyNext }),
  })
}

export function preparingPage(facts: LinkFacts): string {
  const texts = textsOf(facts.language)
  return page(facts, {
    title: texts.preparingTitle,
    body: saying({
      title: texts.preparingTitle,
      text: texts.preparingText,
      next: texts.preparingNext,
      button: againButton(facts),
    }),
  })
}

export function overPage(facts: LinkFacts, reason: 'expired' | 'revoked' | 'blocked' | 'failed'): string {
  const texts = textsOf(facts.language)
  const text = {
    expired: texts.overExpired,
    revoked: texts.overRevoked,
    blocked: texts.overBlocked,
    failed: texts.overFailed,
  }[reason]
  const next = withPhone(texts.overNext, facts.helpPhone)
  return page(facts, {
    title: texts.overTitle,
    body: saying({ title: texts.overTitle, text, next, tone: 'stop' }),
  })
}

export function busyPage(facts: LinkFacts): string {
  const texts = textsOf(facts.language)
  return page(facts, {
    title: texts.busyTitle,
    body: saying({ title: texts.busyTitle, text: texts.busyText, button: againButton(facts) }),
  })
}

export function endedPage(facts: LinkFacts): string {
  const texts = textsOf(facts.language)
  return page(facts, {
    title: texts.endedTitle,
    body: saying({ title: texts.endedTitle, text: texts.endedText, tone: 'good' }),
  })
}

export function blockedPage(facts: LinkFacts): string {
  const texts = textsOf(facts.language)
  const next = withPhone(texts.overNext, facts.helpPhone)
  return page(facts, {
    title: texts.blockedTitle,
    body: saying({ title: texts.blockedTitle, text: texts.blockedText, next, tone: 'good' }),
  })
}

/** Asks before the link is blocked. */
export function blockPage(facts: LinkFacts): string {
  const texts = textsOf(facts.language)
  const at = (path: string) => addressOf(facts, `/z/${facts.link}/${path}`)
  return page(facts, {
    title: texts.blockTitle,
    session: { link: facts.link },
    body: saying({
      title: texts.blockTitle,
      text: texts.blockText,
      next: texts.blockNext,
      button: html`<div class="choices">
        <form method="post" action="${at('block')}">
          <button class="button button-danger wide">${texts.blockGo}</button>
        </form>
        <a class="button wide" href="${at('open')}">${texts.blockBack}</a>
      </div>`,
    }),
  })
}

/** Goes on by itself, for where a redirect would not do. */
export function onwardPage(facts: PageFacts, to: string): string {
  const texts = textsOf(facts.language)
  return page(facts, {
    title: texts.onwardTitle,
    onward: to,
    body: saying({
      title: texts.onwardTitle,
      text: texts.onwardText,
      button: html`<a class="button button-primary wide" href="${to}">${texts.go}</a>`,
    }),
  })
}

/** For what went wrong, by the status of the answer. */
export function errorPage(facts: PageFacts, status: number): string {
  const texts = textsOf(facts.language)
  const [title, text] =
    status === 404
      ? [texts.notFoundTitle, texts.notFoundText]
      : status === 429 || status === 503
        ? [texts.busyTitle, texts.busyText]
        : status < 500
          ? [texts.refusedTitle, texts.refusedText]
          : [texts.failedTitle, texts.failedText]
  return page(facts, { title, body: saying({ title, text }) })
}
