/*
 * The viewer in a patient's zip. It runs from file:// in any browser, by itself: one classic script beside its data
 * (`shareContent` in DATA.JS). Whatever is in the data is text: elements are made one by one, never from HTML.
 */
;(function () {
  'use strict'

  var content = window.shareContent
  // Without its data the list of links in the page stays as it is.
  if (!content) return

  var language = content.language
  var main = document.getElementById('main')
  /** The series that is looked at, and how: until it is closed. */
  var shown = null
  /** Kept, so that they stay loaded. */
  var ahead = []
  var cameFromList = false
  var largestZoom = 8

  function say(key, facts) {
    var text = content.words[language][key]
    for (var name in facts || {}) text = text.replace('{' + name + '}', String(facts[name]))
    return text
  }

  /** `attributes`: text only, or a listener under the name of its event. */
  function make(tag, attributes, children) {
    var element = document.createElement(tag)
    for (var name in attributes) {
      var value = attributes[name]
      if (typeof value === 'function') element.addEventListener(name, value)
      else if (value !== undefined) element.setAttribute(name, value)
    }
    ;(children || []).forEach(function (child) {
      if (child) element.appendChild(typeof child === 'string' ? document.createTextNode(child) : child)
    })
    return element
  }

  function fill(className, children) {
    main.className = className
    while (main.firstChild) main.removeChild(main.firstChild)
    children.forEach(function (child) {
      if (child) main.appendChild(child)
    })
  }

  function render(focusOn) {
    var place = /^#\/(\d+)\/(\d+)$/.exec(location.hash)
    var study = place && content.studies[place[1]]
    var series = study && study.series[place[2]]
    document.documentElement.lang = language
    if (series && series.pictures.length > 0) showSeries(study, series, location.hash)
    else showList(focusOn)
  }

  // ---- the list

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

  // ---- a series

  function showSeries(study, series, place) {
    var before = shown && shown.place === place ? shown : { index: 0, zoom: 1, x: 0, y: 0, brightness: 100 }
    var title = series.words[language] + ' · ' + study.day[language]
    shown = {
      place: place,
      pictures: series.pictures,
      index: before.index,
      zoom: before.zoom,
      x: before.x,
      y: before.y,
      brightness: before.brightness,
      title: title,
    }
    document.title = title
    window.scrollTo(0, 0)
    fill('viewer', [
      make('header', {}, [
        make('button', { type: 'button', class: 'plain', click: close }, [icon('‹'), say('back')]),
        make('h1', {}, [title]),
      ]),
      stage(),
      make('p', { id: 'position', role: 'status' }),
      series.pictures.length > 1 ? turning() : null,
      tools(),
      make('p', { class: 'note' }, [say('doctor')]),
    ])
    draw()
    main.querySelector('.stage').focus()
  }

  function close() {
    if (cameFromList) history.back()
    else location.hash = ''
    cameFromList = false
  }

  function stage() {
    var picture = make('img', { id: 'picture', draggable: 'false' })
    picture.addEventListener('error', function () {
      find('missing').hidden = false
    })
    picture.addEventListener('load', function () {
      find('missing').hidden = true
    })
    var moves = [
      ['left', '◀', 1, 0],
      ['right', '▶', -1, 0],
      ['up', '▲', 0, 1],
      ['down', '▼', 0, -1],
    ].map(function (move) {
      var pan = function () {
        var box = main.querySelector('.stage')
        shown.x += (move[2] * box.clientWidth) / 4
        shown.y += (move[3] * box.clientHeight) / 4
        place()
      }
      return make(
        'button',
        { type: 'button', class: 'pan ' + move[0], 'aria-label': say(move[0]), click: pan },
        [icon(move[1])],
      )
    })
    var box = make(
      'div',
      { class: 'stage', tabindex: '0', role: 'group', 'aria-label': say('stage') },
      [picture, make('p', { id: 'missing', hidden: '' }, [say('missing')])].concat(moves),
    )
    followFingers(box)
    return box
  }

  function turning() {
    return make('div', { class: 'turning' }, [
      make('button', { type: 'button', id: 'previous', click: turnBy(-1) }, [icon('◀'), say('previous')]),
      make('input', {
        type: 'range',
        id: 'which',
        min: '1',
        max: String(shown.pictures.length),
        'aria-label': say('which'),
        input: function () {
          turnTo(Number(this.value) - 1)
        },
      }),
      make('button', { type: 'button', id: 'next', click: turnBy(1) }, [say('next'), icon('▶')]),
    ])
  }

  function tools() {
    var zoomBy = function (factor) {
      return function () {
        zoom(factor, 0, 0)
      }
    }
    var setBrightness = function (value) {
      shown.brightness = value
      place()
    }
    return make('div', { class: 'tools' }, [
      make('button', { type: 'button', id: 'smaller', click: zoomBy(1 / 1.5) }, [icon('−'), say('smaller')]),
      make('button', { type: 'button', id: 'larger', click: zoomBy(1.5) }, [icon('+'), say('larger')]),
      make('button', { type: 'button', id: 'fit', click: zoomBy(0) }, [say('fit')]),
      make('label', { class: 'brightness' }, [
        make('span', {}, [say('brightness')]),
        make('input', {
          type: 'range',
          id: 'brightness',
          min: '30',
          max: '300',
          step: '10',
          input: function () {
            setBrightness(Number(this.value))
          },
        }),
      ]),
      make(
        'button',
        {
          type: 'button',
          id: 'normal',
          click: function () {
            setBrightness(100)
          },
        },
        [say('reset')],
      ),
    ])
  }

  function icon(sign) {
    return make('span', { 'aria-hidden': 'true', class: 'icon' }, [sign])
  }

  function find(id) {
    return document.getElementById(id)
  }

  function turnBy(step) {
    return function () {
      turnTo(shown.index + step)
    }
  }

  function turnTo(index) {
    var wanted = Math.max(0, Math.min(shown.pictures.length - 1, index))
    if (wanted === shown.index) return
    shown.index = wanted
    draw()
  }

  /** The picture, and where in the row it is. */
  function draw() {
    var total = shown.pictures.length
    var position = total === 1 ? say('onePicture') : say('position', { n: shown.index + 1, total: total })
    var picture = find('picture')
    picture.src = shown.pictures[shown.index]
    picture.alt = position + ', ' + shown.title
    find('position').textContent = position
    if (total > 1) {
      find('which').value = String(shown.index + 1)
      find('which').setAttribute('aria-valuetext', position)
      // Not `disabled`: what has the focus would lose it.
      find('previous').setAttribute('aria-disabled', String(shown.index === 0))
      find('next').setAttribute('aria-disabled', String(shown.index === total - 1))
    }
    ahead = [1, 2, 3, -1].map(function (step) {
      var image = new Image()
      var path = shown.pictures[shown.index + step]
      if (path) image.src = path
      return image
    })
    place()
  }

  /** How large it is, where it lies, how bright it is. */
  function place() {
    var box = main.querySelector('.stage')
    var [farX, farY] = [(box.clientWidth * (shown.zoom - 1)) / 2, (box.clientHeight * (shown.zoom - 1)) / 2]
    shown.x = Math.max(-farX, Math.min(farX, shown.x))
    shown.y = Math.max(-farY, Math.min(farY, shown.y))
    var style = find('picture').style
    style.transform = 'translate(' + shown.x + 'px,' + shown.y + 'px) scale(' + shown.zoom + ')'
    style.filter = shown.brightness === 100 ? '' : 'brightness(' + shown.brightness + '%)'
    box.classList.toggle('zoomed', shown.zoom > 1)
    find('brightness').value = String(shown.brightness)
    find('brightness').setAttribute('aria-valuetext', shown.brightness + '%')
    find('smaller').setAttribute('aria-disabled', String(shown.zoom <= 1))
    find('larger').setAttribute('aria-disabled', String(shown.zoom >= largestZoom))
  }

  /** Around a point, counted from the middle of the stage. 0: all of it. */
  function zoom(factor, aroundX, aroundY) {
    var wanted = Math.max(1, Math.min(largestZoom, factor === 0 ? 1 : shown.zoom * factor))
    var ratio = wanted / shown.zoom
    shown.x = aroundX - (aroundX - shown.x) * ratio
    shown.y = aroundY - (aroundY - shown.y) * ratio
    shown.zoom = wanted
    place()
  }

  // ---- fingers, mouse and keys

  function followFingers(box) {
    var down = {}
    var turned = ''
    var rest = 0
    var fromMiddle = function (point) {
      var edges = box.getBoundingClientRect()
      return { x: point.x - edges.left - edges.width / 2, y: point.y - edges.top - edges.height / 2 }
    }
    box.addEventListener('pointerdown', function (event) {
      if (event.target.closest('button')) return
      if (Object.keys(down).length === 0) turned = ''
      down[event.pointerId] = {
        x: event.clientX,
        y: event.clientY,
        startX: event.clientX,
        startY: event.clientY,
      }
      box.setPointerCapture(event.pointerId)
    })
    box.addEventListener('pointermove', function (event) {
      var one = down[event.pointerId]
      if (!one) return
      var now = { x: event.clientX, y: event.clientY, startX: one.startX, startY: one.startY }
      var others = Object.keys(down).filter(function (id) {
        return Number(id) !== event.pointerId
      })
      if (others.length > 0) {
        turned = 'pinch'
        pinch(down[others[0]], one, now)
      } else if (shown.zoom > 1) {
        turned = 'pan'
        shown.x += now.x - one.x
        shown.y += now.y - one.y
        place()
      } else leaf(now, one)
      down[event.pointerId] = now
    })
    var pinch = function (other, before, now) {
      var far = function (point) {
        return Math.max(10, Math.hypot(point.x - other.x, point.y - other.y))
      }
      var middle = fromMiddle({ x: (other.x + now.x) / 2, y: (other.y + now.y) / 2 })
      shown.x += (now.x - before.x) / 2
      shown.y += (now.y - before.y) / 2
      zoom(far(now) / far(before), middle.x, middle.y)
    }
    /** Up and down goes through the pictures; sideways turns one, when the finger leaves. */
    var leaf = function (now, before) {
      var [acrossX, acrossY] = [Math.abs(now.x - now.startX), Math.abs(now.y - now.startY)]
      if (turned === '' && Math.max(acrossX, acrossY) > 10)
        turned = acrossX > acrossY ? 'sideways' : 'through'
      if (turned !== 'through') return
      rest += now.y - before.y
      var steps = Math.trunc(rest / 12)
      rest -= steps * 12
      turnTo(shown.index + steps)
    }
    var up = function (event) {
      var one = down[event.pointerId]
      delete down[event.pointerId]
      rest = 0
      if (!one || event.type !== 'pointerup' || turned !== 'sideways') return
      if (Math.abs(event.clientX - one.startX) > 40)
        turnTo(shown.index + (event.clientX < one.startX ? 1 : -1))
    }
    box.addEventListener('pointerup', up)
    box.addEventListener('pointercancel', up)
    box.addEventListener('dblclick', function (event) {
      if (event.target.closest('button')) return
      var point = fromMiddle({ x: event.clientX, y: event.clientY })
      zoom(shown.zoom > 1 ? 0 : 2.5, point.x, point.y)
    })
    var wheeled = 0
    var onWheel = function (event) {
      event.preventDefault()
      var point = fromMiddle({ x: event.clientX, y: event.clientY })
      if (event.ctrlKey) return zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, point.x, point.y)
      // Wheels tell lines or pixels; a notch is about 100 of these.
      wheeled += event.deltaMode === 0 ? event.deltaY : event.deltaY * 33
      var steps = Math.trunc(wheeled / 50)
      wheeled -= steps * 50
      turnTo(shown.index + Math.max(-3, Math.min(3, steps)))
    }
    box.addEventListener('wheel', onWheel, { passive: false })
  }

  document.addEventListener('keydown', function (event) {
    if (!shown || event.altKey || event.ctrlKey || event.metaKey) return
    if (event.key === 'Escape') return close()
    // A slider moves by itself.
    if (event.target.type === 'range') return
    var index = {
      ArrowLeft: shown.index - 1,
      ArrowUp: shown.index - 1,
      ArrowRight: shown.index + 1,
      ArrowDown: shown.index + 1,
      PageUp: shown.index - 10,
      PageDown: shown.index + 10,
      Home: 0,
      End: shown.pictures.length - 1,
    }[event.key]
    // A sign alone is a command on the picture only (WCAG 2.1.4).
    var factor =
      document.activeElement.className.indexOf('stage') === 0 &&
      { '+': 1.5, '=': 1.5, '-': 1 / 1.5, 0: 0 }[event.key]
    if (index !== undefined) turnTo(index)
    else if (typeof factor === 'number') zoom(factor, 0, 0)
    else return
    event.preventDefault()
  })

  window.addEventListener('hashchange', function () {
    render()
  })
  window.addEventListener('resize', function () {
    if (shown) place()
  })
  render()
})()
