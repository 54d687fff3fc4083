/* Second part of VIEWER.JS: the list of studies and reports. */
function showList(focusOn) {
  var closed = shown
  shown = null
  ahead = []
  document.title = say('title')
  fill('list', [
    make('div', { class: 'top' }, [make('h1', {}, [say('title')]), languageButton()]),
    make('p', {}, [
      say('from') + ': ' + content.hospital,
      make('br'),
      content.patient ? say('for') + ': ' + content.patient : null,
      content.patient ? make('br') : null,
      say('madeAt') + ': ' + content.madeAt[language],
    ]),
  ])
  content.studies.forEach(function (study, index) {
    main.appendChild(studyCard(study, index))
  })
  ;['doctor', content.dicom ? 'dicom' : '', 'private'].filter(Boolean).forEach(function (key) {
    main.appendChild(make('p', { class: 'note' }, [say(key)]))
  })
  var back = focusOn === 'language' ? '#language' : closed && '[data-place="' + closed.place + '"]'
  var focused = back && main.querySelector(back)
  if (focused) focused.focus()
  else if (closed) window.scrollTo(0, 0)
}

function languageButton() {
  var other = language === 'nl' ? 'en' : 'nl'
  var change = function () {
    language = other
    render('language')
  }
  return make('button', { type: 'button', id: 'language', class: 'plain', lang: other, click: change }, [
    say('language'),
  ])
}

function studyCard(study, index) {
  var parts = study.series.map(function (series, number) {
    return seriesButton(series, '#/' + index + '/' + number)
  })
  if (parts.length === 0) parts.push(make('p', {}, [say('noPictures')]))
  return make(
    'section',
    { class: 'card' },
    [
      make('h2', {}, [study.words[language]]),
      make('p', { class: 'facts' }, [study.day[language], make('br'), study.hospital]),
    ].concat(parts, study.reports.map(reportPart)),
  )
}

function seriesButton(series, place) {
  var count = series.pictures.length
  if (count === 0) return make('p', {}, [series.words[language] + ': ' + say('noPictures')])
  var open = function () {
    cameFromList = true
    location.hash = place
  }
  return make('button', { type: 'button', class: 'series', 'data-place': place, click: open }, [
    make('img', { src: series.pictures[Math.floor(count / 2)], alt: '', loading: 'lazy' }),
    make('span', {}, [
      make('strong', {}, [series.words[language]]),
      make('span', {}, [count === 1 ? say('onePicture') : say('pictures', { n: count })]),
      make('span', { class: 'do' }, [say('look')]),
    ]),
  ])
}

function reportPart(report, index) {
  var text = make('p', { class: 'report', hidden: '' }, [report.text])
  var toggle = make('button', { type: 'button', 'aria-expanded': 'false' }, [say('report')])
  toggle.addEventListener('click', function () {
    text.hidden = !text.hidden
    toggle.setAttribute('aria-expanded', String(!text.hidden))
    toggle.textContent = say(text.hidden ? 'report' : 'close')
  })
  var day = report.day[language]
  return make('div', { class: 'of-report' }, [
    make('h3', {}, [report.title + (day ? ' · ' + day : '')]),
    make('p', { class: 'row' }, [
      report.text ? toggle : null,
      report.pdf
        ? make('a', { class: 'button', href: report.pdf, target: '_blank', rel: 'noopener' }, [say('pdf')])
        : null,
    ]),
    report.text ? text : null,
  ])
}
