import type { Manifest } from '@twiin/share-package'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { addressOf } from './page.ts'
import { studyName } from './share-view.ts'
import type { ViewFacts } from './share-view.ts'
import { dayInWords, fill, sizeInWords, textsOf } from './wording.ts'

/** A report to read: the content of `main`. `text`: what it says; undefined when it is a PDF alone. */
export function reportBody(
  manifest: Manifest,
  at: { study: number; report: number },
  text: string | undefined,
  facts: ViewFacts,
): Html | undefined {
  const texts = textsOf(facts.language)
  const study = manifest.studies[at.study]
  const report = study?.reports[at.report]
  if (study === undefined || report === undefined) return undefined
  const pdf = manifest.entries[report.pdf - 1]
  return html`<article class="narrow report">
    <a class="back" href="${addressOf(facts, `/z/${facts.link}/open`)}" data-list>‹ ${texts.back}</a>
    <h1>${report.title || texts.reportTitle}</h1>
    <p class="facts">
      <span>${studyName(study, facts)}</span>
      <span>${study.hospital}</span
      >${report.date !== '' && html` <span>${fill(texts.reportOn, { date: dayInWords(report.date, facts.language) })}</span>`}
    </p>
    <div class="note note-plain">${texts.reportNote}</div>
    ${text === undefined ? html`<p>${texts.reportNoText}</p>` : html`<div class="report-text" lang="nl">${paragraphs(text)}</div>`}
    ${
      pdf &&
      html`<p>
        <a class="button" href="/z/${facts.link}/report/${report.pdf}" data-pdf="${report.pdf}"
          >${texts.reportPdf} <span class="size">${sizeInWords(pdf.size, facts.language)}</span></a
        >
      </p>`
    }
  </article>`
}

/** Reports are in Dutch. Empty lines part paragraphs; single ones stay, for reports are written in lines. */
const paragraphs = (text: string): Html[] =>
  text
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n\s*\n/)
    .filter((part) => part.trim() !== '')
    .map((part) => html`<p>${part.trim()}</p> `)
