/* Third part of VIEWER.JS: the pictures of one series. */
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
    make('button', { type: 'button', id: 'smaller', click: zoomBy(1 / 1.5) }, [icon('−'), word('smaller')]),
    make('button', { type: 'button', id: 'larger', click: zoomBy(1.5) }, [icon('+'), word('larger')]),
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

/** Said, and not seen where there is no room. */
function word(key) {
  return make('span', { class: 'word' }, [say(key)])
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
