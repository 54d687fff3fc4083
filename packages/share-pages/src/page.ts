import { html, Html } from './html.ts'
import { fill, textsOf } from './wording.ts'
import type { Language } from './wording.ts'

/** What every page knows. */
export interface PageFacts {
  language: Language
  hospital: string
  helpPhone: string
  /** Addresses of the style sheet and the script, with what changes when they do. */
  assets: { style: string; script: string }
  /** Of this page, without a query: where the switch of language leads. */
  path: string
}

/** Of a page about one link. */
export interface LinkFacts extends PageFacts {
  link: string
}

export interface PageContent {
  title: string
  body: Html
  /** With a session: the menu, and where it ends. */
  session?: { link: string; current?: 'open' | 'seen' }
  /** Without it the page has none. */
  script?: true
  /** Goes on to this address by itself. */
  onward?: string
}

/** An address of ours that keeps the language. */
export const addressOf = (facts: Pick<PageFacts, 'language'>, path: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}lang=${facts.language}`

const otherLanguage = (language: Language): Language => (language === 'nl' ? 'en' : 'nl')

/** The whole document. */
export function page(facts: PageFacts, content: PageContent): string {
  const texts = textsOf(facts.language)
  const other = otherLanguage(facts.language)
  const whole = html`<!doctype html>
    <html lang="${facts.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="robots" content="noindex, nofollow" />
        <meta name="format-detection" content="telephone=no" />
        <meta name="theme-color" content="#154273" />
        ${content.onward !== undefined && html`<meta http-equiv="refresh" content="0; url=${content.onward}" />`}
        <title>${content.title} – ${facts.hospital}</title>
        <link rel="stylesheet" href="${facts.assets.style}" />
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        ${content.script && html`<script type="module" src="${facts.assets.script}"></script>`}
      </head>
      <body>
        <a class="skip" href="#main">${texts.skip}</a>
        <header class="top">
          <div class="top-inner">
            <p class="sender">${mark}<span>${facts.hospital}</span></p>
            <a
              class="language"
              href="${addressOf({ language: other }, facts.path)}"
              lang="${other}"
              hreflang="${other}"
              >${texts.otherLanguage}</a
            >
          </div>
          ${content.session !== undefined && menu(facts, content.session)}
        </header>
        <main id="main" tabindex="-1">${content.body}</main>
        <footer class="bottom">
          <p>${withPhone(texts.help, facts.helpPhone)}</p>
          <p>${content.session === undefined ? texts.privacy : texts.sessionNote}</p>
        </footer>
      </body>
    </html> `
  return whole.toString()
}

function menu(facts: PageFacts, { link, current }: NonNullable<PageContent['session']>): Html {
  const texts = textsOf(facts.language)
  const item = (name: 'open' | 'seen', text: string) =>
    html`<a
      href="${addressOf(facts, `/z/${link}/${name}`)}"
      ${current === name && new Html(' aria-current="page"')}
      >${text}</a
    >`
  return html`<nav class="menu" aria-label="${texts.menu}">
    ${item('open', texts.listTitleShort)} ${item('seen', texts.seenLink)}
    <form method="post" action="${addressOf(facts, `/z/${link}/end`)}">
      <button class="plain">${texts.leave}</button>
    </form>
  </nav>`
}

/** A text with a number that can be tapped to call. */
export function withPhone(text: string, phone: string, more: Readonly<Record<string, string>> = {}): Html {
  const [before = '', after] = fill(text, { ...more, phone: '\n' }).split('\n')
  return after === undefined ? html`${before}` : html`${before}${phoneLink(phone)}${after}`
}

const phoneLink = (phone: string): Html =>
  html`<a class="phone" href="tel:${phone.replaceAll(/[^+\d]/g, '')}">${phone}</a>`

/** A sheet with a light on it. Decoration. */
const mark = new Html(
  '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect x="2" y="2" width="28" height="28" rx="8"/><path d="M10 21.5V10.5h7l5 5v6z"/><path d="M17 10.5v5h5"/></svg>',
)
