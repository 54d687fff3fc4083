import { html, Html } from './html.ts'
import { addressOf, page, withPhone } from './page.ts'
import type { LinkFacts } from './page.ts'
import { fill, textsOf } from './wording.ts'

/** What goes by the form of the link alone. */
export interface EntryFacts extends LinkFacts {
  factor: 'sms' | 'letter' | 'oidc'
  /** Of the broker; undefined when there is none. */
  broker?: { label: string; simulator: boolean }
  /** What came of the last try. */
  after?:
    | { kind: 'wrong'; left: number }
    | { kind: 'empty' | 'code-spent' | 'sent' | 'timed-out' }
    | { kind: 'login-failed' | 'login-too-weak' | 'login-busy' | 'login-not-yours' }
}

/** Before the second factor: what this is, and what is needed. Says nothing of what is behind it (spec 25 §1). */
export function entryPage(facts: EntryFacts): string {
  const texts = textsOf(facts.language)
  const said = saidOf(facts)
  const isError = said !== undefined && said.kind === 'error'
  return page(facts, {
    title: isError ? `${texts.error}: ${texts.entryTitle}` : texts.entryTitle,
    script: true,
    body: html`<div class="narrow" data-link="${facts.link}">
      <h1>${texts.entryTitle}</h1>
      <p class="lead">${fill(texts.entryLead, { hospital: facts.hospital })}</p>
      ${said !== undefined && html`<div class="note note-${said.kind}" role="${isError ? 'alert' : 'status'}" id="said">${said.text}</div>`}
      ${facts.factor === 'sms' ? smsSteps(facts) : facts.factor === 'letter' ? letterStep(facts) : brokerStep(facts)}
      <section class="aside" aria-labelledby="safe">
        <h2 id="safe">${texts.safeTitle}</h2>
        <p>${withPhone(texts.safeText, facts.helpPhone, { hospital: facts.hospital })}</p>
      </section>
    </div>`,
  })
}

function saidOf(facts: EntryFacts): { kind: 'error' | 'good' | 'plain'; text: Part } | undefined {
  const { after, language, helpPhone } = facts
  const texts = textsOf(language)
  switch (after?.kind) {
    case undefined:
      return undefined
    case 'sent':
      return { kind: 'good', text: texts.smsSent }
    case 'timed-out':
      return { kind: 'plain', text: texts.timedOut }
    case 'empty':
      return { kind: 'error', text: texts.wrongNone }
    case 'wrong':
      return {
        kind: 'error',
        text: `${texts.wrongCode} ${fill(texts.wrongLeft, { left: after.left })}`,
      }
    case 'code-spent':
      return {
        kind: 'error',
        text: facts.factor === 'sms' ? texts.spentSms : withPhone(texts.spentLetter, helpPhone),
      }
    case 'login-busy':
      return { kind: 'error', text: texts.brokerBusy }
    case 'login-failed':
      return { kind: 'error', text: texts.brokerFailed }
    case 'login-too-weak':
      return { kind: 'error', text: withPhone(texts.brokerTooWeak, helpPhone) }
    case 'login-not-yours':
      return { kind: 'error', text: texts.brokerNotYours }
  }
}

type Part = string | Html

function smsSteps(facts: EntryFacts): Html {
  const texts = textsOf(facts.language)
  const kind = facts.after?.kind
  const wasSent = kind === 'sent' || kind === 'wrong' || kind === 'empty'
  const ask = html`<form method="post" action="${addressOf(facts, `/z/${facts.link}/code`)}">
    <button class="button ${wasSent ? '' : 'button-primary'} wide">
      ${wasSent ? texts.smsAskAgain : texts.smsAsk}
    </button>
  </form>`
  const first = html`<section class="card" aria-labelledby="first">
    <h2 id="first">${wasSent ? texts.smsAgain : texts.smsFirst}</h2>
    <p>${wasSent ? texts.smsAgainText : texts.smsFirstText}</p>
    ${ask}
  </section>`
  const second = html`<section class="card" aria-labelledby="second">
    <h2 id="second">${texts.smsSecond}</h2>
    ${codeForm(facts, { hint: texts.smsHint, isNumber: true, isPrimary: wasSent })}
  </section>`
  return wasSent ? html`${second}${first}` : html`${first}${second}`
}

function letterStep(facts: EntryFacts): Html {
  const texts = textsOf(facts.language)
  return html`<section class="card" aria-labelledby="second">
    <h2 id="second">${texts.letterTitle}</h2>
    ${codeForm(facts, { hint: texts.letterHint, isNumber: false, isPrimary: true })}
  </section>`
}

function codeForm(facts: EntryFacts, how: { hint: string; isNumber: boolean; isPrimary: boolean }): Html {
  const texts = textsOf(facts.language)
  const isWrong = facts.after?.kind === 'wrong' || facts.after?.kind === 'empty'
  const typed = how.isNumber
    ? new Html('inputmode="numeric" autocomplete="one-time-code"')
    : new Html('autocomplete="off" autocapitalize="characters"')
  return html`<form method="post" action="${addressOf(facts, `/z/${facts.link}`)}">
    <label for="code">${texts.code}</label>
    <p class="hint" id="hint">${how.hint}</p>
    <input
      class="code"
      id="code"
      name="code"
      type="text"
      ${typed}
      spellcheck="false"
      autocorrect="off"
      maxlength="24"
      required
      aria-describedby="hint${isWrong && ' said'}"
      ${isWrong && new Html(' aria-invalid="true"')}
    />
    <button class="button ${how.isPrimary ? 'button-primary' : ''} wide">${texts.go}</button>
  </form>`
}

function brokerStep(facts: EntryFacts): Html {
  const texts = textsOf(facts.language)
  const { broker } = facts
  if (broker === undefined)
    return html`<div class="note note-plain">${withPhone(texts.brokerNone, facts.helpPhone)}</div>`
  return html`<section class="card" aria-labelledby="second">
    <h2 id="second">${texts.brokerTitle}</h2>
    <p>${fill(texts.brokerText, { label: broker.label })}</p>
    ${broker.simulator && html`<p class="note note-plain">${fill(texts.brokerSimulator, { label: broker.label })}</p>`}
    <form method="post" action="${addressOf(facts, `/z/${facts.link}/login`)}">
      <button class="button button-primary wide">${fill(texts.brokerGo, { label: broker.label })}</button>
    </form>
  </section>`
}
