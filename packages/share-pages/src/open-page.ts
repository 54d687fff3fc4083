import type { Manifest } from '@twiin/share-package'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { listBody } from './list-page.ts'
import { addressOf, page } from './page.ts'
import type { LinkFacts, PageFacts } from './page.ts'
import { reportBody } from './report-page.ts'
import type { Place, ViewFacts } from './share-view.ts'
import { viewerBody } from './viewer-page.ts'
import { textsOf } from './wording.ts'

/** Behind the second factor. */
export interface OpenFacts extends PageFacts, ViewFacts {
  packageBytes: number
  /** Seconds until the session ends whatever is done. */
  secondsLeft: number
}

/** The frame that the script fills; without one, the field for the whole link. `wrong`: what was pasted did not fit. */
export function openPage(facts: OpenFacts, wrong = false): string {
  const texts = textsOf(facts.language)
  const form = keyForm(facts, wrong)
  return page(facts, {
    title: texts.openTitle,
    session: { link: facts.link, current: 'open' },
    script: true,
    body: html`<div
      id="share"
      data-link="${facts.link}"
      data-bytes="${facts.packageBytes}"
      data-expires="${facts.expiresAt}"
      data-recipient="${facts.recipient}"
      data-language="${facts.language}"
      data-phone="${facts.helpPhone}"
      data-hospital="${facts.hospital}"
      data-left="${facts.secondsLeft}"
      data-worker="/z/worker.js"
    >
      ${
        wrong
          ? form
          : html`<noscript>${form}</noscript>
              <div class="narrow waiting" id="waiting" role="status">
                <h1>${texts.openTitle}</h1>
                <p>${texts.openWait}</p>
              </div>`
      }
    </div>`,
  })
}

/** The field for the link with its key. Without script it goes to the door, which keeps it in memory for the session. */
export function keyForm(facts: Pick<LinkFacts, 'language' | 'link'>, wrong: boolean): Html {
  const texts = textsOf(facts.language)
  return html`<div class="narrow">
    <h1>${texts.keyTitle}</h1>
    <p class="lead">${texts.keyText}</p>
    ${wrong && html`<div class="note note-error" role="alert" id="key-said">${texts.keyWrong}</div>`}
    <form class="card" id="key-form" method="post" action="${addressOf(facts, `/z/${facts.link}/key`)}">
      <label for="whole-link">${texts.keyLabel}</label>
      <p class="hint" id="key-hint">${texts.keyHow}</p>
      <input
        id="whole-link"
        name="link"
        type="text"
        inputmode="url"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        maxlength="2048"
        required
        aria-describedby="key-hint${wrong && ' key-said'}"
      />
      <button class="button button-primary wide">${texts.keyGo}</button>
    </form>
  </div>`
}

/** The same pages made at the door, for a browser without script. */
export function listPage(manifest: Manifest, facts: OpenFacts): string {
  const title = textsOf(facts.language)[facts.recipient === 'patient' ? 'listTitle' : 'listTitleOther']
  return page(facts, {
    title,
    session: { link: facts.link, current: 'open' },
    body: listBody(manifest, facts),
  })
}

export function viewerPage(manifest: Manifest, place: Place, facts: OpenFacts): string | undefined {
  const body = viewerBody(manifest, place, facts)
  const title = manifest.studies[place.study]?.words[facts.language] ?? ''
  return body && page(facts, { title, session: { link: facts.link }, body })
}

export function reportPage(
  manifest: Manifest,
  at: { study: number; report: number },
  text: string | undefined,
  facts: OpenFacts,
): string | undefined {
  const body = reportBody(manifest, at, text, facts)
  return (
    body && page(facts, { title: textsOf(facts.language).reportTitle, session: { link: facts.link }, body })
  )
}
