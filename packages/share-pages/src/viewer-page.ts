import type { Manifest } from '@twiin/share-package'
import { html, Html } from './html.ts'
import { addressOf } from './page.ts'
import { pictureTag } from './picture-tag.ts'
import { studyAddress, studyName } from './share-view.ts'
import type { Place, ViewFacts } from './share-view.ts'
import { dayInWords, fill, textsOf } from './wording.ts'

/** One picture of a series, large: the content of `main`. Undefined when there is no such picture. */
export function viewerBody(manifest: Manifest, place: Place, facts: ViewFacts): Html | undefined {
  const texts = textsOf(facts.language)
  const study = manifest.studies[place.study]
  const pictures = study?.series[place.series]?.pictures
  const picture = pictures?.[place.picture]
  if (study === undefined || pictures === undefined || picture === undefined) return undefined
  const what = studyName(study, facts)
  const said = { number: place.picture + 1, count: pictures.length, what }
  const step = (to: number, text: string, kind: 'previous' | 'next') =>
    stepButton({ ...place, picture: to }, facts, { text, kind, last: pictures.length - 1 })
  return html`<div class="viewer">
    <div class="viewer-head">
      <a class="back" href="${addressOf(facts, `/z/${facts.link}/open`)}" data-list>‹ ${texts.back}</a>
      <h1>${study.words[facts.language]}</h1>
      <p class="facts">
        <span>${dayInWords(study.date, facts.language) || texts.dateUnknown}</span>
        <span>${study.hospital}</span>
      </p>
    </div>
    ${seriesChoice(manifest, place, facts)}
    <div class="stage" id="stage" ${facts.script && html` data-loading="${texts.loading}"`}>
      ${pictureTag(facts, { id: 'picture', entry: picture.large, alt: fill(texts.viewerAlt, said), width: picture.width, height: picture.height })}
    </div>
    <div class="steps">
      ${step(place.picture - 1, texts.previous, 'previous')}
      <p id="number" class="number" ${facts.script && new Html(' aria-live="polite"')}>
        ${fill(texts.viewerPicture, said)}
      </p>
      ${step(place.picture + 1, texts.next, 'next')}
    </div>
    ${facts.script && controls(pictures.length, place, facts)}
    <div class="aside">
      <p><strong>${texts.viewerNote}</strong> ${texts.viewerNoteMore}</p>
      ${facts.script && html`<p class="muted">${texts.viewerHow}</p>`}
    </div>
  </div>`
}

function stepButton(
  to: Place,
  facts: ViewFacts,
  how: { text: string; kind: 'previous' | 'next'; last: number },
): Html {
  const sign =
    how.kind === 'previous'
      ? html`<span aria-hidden="true">◀</span> ${how.text}`
      : html`${how.text} <span aria-hidden="true">▶</span>`
  if (facts.script) return html`<button type="button" class="button step" id="${how.kind}">${sign}</button>`
  if (to.picture < 0 || to.picture > how.last) return html`<span class="button step step-off">${sign}</span>`
  return html`<a
    class="button step"
    href="${addressOf(facts, `/z/${facts.link}/${studyAddress(to)}`)}"
    rel="${how.kind === 'previous' ? 'prev' : 'next'}"
    >${sign}</a
  >`
}

function controls(count: number, place: Place, facts: ViewFacts): Html {
  const texts = textsOf(facts.language)
  return html`<div class="controls">
    ${count > 1 && html`<label class="range"><span>${texts.slider}</span><input type="range" id="slider" min="1" max="${count}" step="1" value="${place.picture + 1}" /></label>`}
    <label class="range"
      ><span>${texts.brightness}</span
      ><input type="range" id="brightness" min="40" max="250" step="10" value="100"
    /></label>
    <div class="zoom">
      <button type="button" class="button" id="zoom-out">
        <span aria-hidden="true">−</span> ${texts.zoomOut}</button
      ><button type="button" class="button" id="zoom-in">
        <span aria-hidden="true">+</span> ${texts.zoomIn}</button
      ><button type="button" class="button" id="zoom-reset">${texts.zoomReset}</button>
    </div>
  </div>`
}

function seriesChoice(manifest: Manifest, place: Place, facts: ViewFacts): Html | undefined {
  const texts = textsOf(facts.language)
  const series = (manifest.studies[place.study]?.series ?? [])
    .map((one, index) => ({ ...one, index }))
    .filter(({ pictures }) => pictures.length > 0)
  if (series.length < 2) return undefined
  return html`<nav class="series" aria-label="${texts.series}">
    <ul>
      ${series.map(({ words, pictures, index }, number) => {
        const to = { study: place.study, series: index, picture: 0 }
        const first = pictures[0]
        return html`<li>
          <a
            href="${addressOf(facts, `/z/${facts.link}/${studyAddress(to)}`)}"
            data-place="${place.study}/${index}/0"
            ${index === place.series && new Html(' aria-current="true"')}
            >${first && pictureTag(facts, { entry: first.small, alt: '' })}<span
              >${words[facts.language] || fill(texts.seriesNumber, { number: number + 1 })}
              <span class="muted">(${pictures.length})</span></span
            ></a
          >
        </li> `
      })}
    </ul>
  </nav>`
}
