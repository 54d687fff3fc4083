import { ZipLayout } from '@twiin/share-package'
import type { Manifest, ManifestStudy } from '@twiin/share-package'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { addressOf } from './page.ts'
import { pictureKinds } from './picture-kinds.ts'
import { pictureTag } from './picture-tag.ts'
import { firstPlace, picturesOf, studyAddress, studyName } from './share-view.ts'
import type { ViewFacts } from './share-view.ts'
import { dayInWords, fill, instantDay, sizeInWords, textsOf } from './wording.ts'

/** What is in the package, as cards: the content of `main`. */
export function listBody(manifest: Manifest, facts: ViewFacts): Html {
  const texts = textsOf(facts.language)
  const title = facts.recipient === 'patient' ? texts.listTitle : texts.listTitleOther
  return html`<div class="wide-column">
    <h1>${title}</h1>
    <p class="lead">
      ${manifest.patient !== '' && html`${fill(texts.patient, { name: manifest.patient })}. `}${fill(texts.until, { date: instantDay(facts.expiresAt, facts.language) })}
    </p>
    <ul class="studies">
      ${manifest.studies.map((study, index) => studyCard(manifest, study, index, facts))}
    </ul>
    ${downloads(manifest, facts)}
    <section class="aside">
      <p class="links">
        <a href="${addressOf(facts, `/z/${facts.link}/seen`)}">${texts.seenLink}</a>
        <a href="${addressOf(facts, `/z/${facts.link}/block`)}">${texts.blockLink}</a>
      </p>
    </section>
  </div>`
}

function studyCard(manifest: Manifest, study: ManifestStudy, index: number, facts: ViewFacts): Html {
  const texts = textsOf(facts.language)
  const place = firstPlace(manifest, index)
  const first = place && study.series[place.series]?.pictures[0]
  const at = (path: string) => addressOf(facts, `/z/${facts.link}/${path}`)
  const count = picturesOf(study)
  const countText =
    count === 0 ? texts.noPictures : count === 1 ? texts.picture : fill(texts.pictures, { count })
  const name = studyName(study, facts)
  return html`<li class="card study">
    ${first === undefined ? html`<div class="thumb thumb-none" aria-hidden="true"></div>` : html`<div class="thumb">${pictureTag(facts, { entry: first.small, alt: '' })}</div>`}
    <div class="study-text">
      <h2>${study.words[facts.language]}</h2>
      <p class="facts">
        <span>${dayInWords(study.date, facts.language) || texts.dateUnknown}</span>
        <span>${study.hospital}</span> <span>${countText}</span>
      </p>
    </div>
    <div class="choices">
      ${place && html`<a class="button button-primary" href="${at(studyAddress(place))}" data-place="${place.study}/${place.series}/${place.picture}" aria-label="${fill(texts.viewOf, { what: name })}">${texts.view}</a>`}
      ${study.reports.map(
        (report, number) =>
          html`<a
            class="button"
            href="${at(`report/${report.text || report.pdf}`)}"
            data-report="${index}/${number}"
            >${texts.readReport}${study.reports.length > 1 && `: ${report.title}${report.date !== '' && ` (${dayInWords(report.date, facts.language)})`}`}<span
              class="hidden-text"
            >
              ${name}</span
            ></a
          >`,
      )}
    </div>
  </li> `
}

function downloads(manifest: Manifest, facts: ViewFacts): Html {
  const texts = textsOf(facts.language)
  if (!manifest.downloads)
    return html`<section class="downloads" aria-labelledby="downloads">
      <h2 id="downloads">${texts.downloadTitle}</h2>
      <p>${texts.downloadOff}</p>
    </section>`
  const size = (kinds?: typeof pictureKinds) =>
    sizeInWords(new ZipLayout(kinds === undefined ? {} : { kinds }, manifest).size, facts.language)
  const choice = (name: 'zip' | 'pictures.zip', title: string, text: string, bytes: string) =>
    html`<a class="card download" href="/z/${facts.link}/${name}" data-download="${name}"
      ><span class="download-title"><span>${title}</span> <span class="size">${bytes}</span></span
      ><span>${text}</span></a
    >`
  return html`<section class="downloads" aria-labelledby="downloads">
    <h2 id="downloads">${texts.downloadTitle}</h2>
    <p>${texts.downloadText}</p>
    ${choice('zip', texts.downloadAll, texts.downloadAllText, size())}
    ${choice('pictures.zip', texts.downloadPictures, texts.downloadPicturesText, size(pictureKinds))}
    <div id="progress" class="progress" role="status"></div>
  </section>`
}
