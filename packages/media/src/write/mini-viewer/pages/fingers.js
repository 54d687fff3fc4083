/* Fourth part of VIEWER.JS: fingers and mouse on the picture. */
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
    if (turned === '' && Math.max(acrossX, acrossY) > 10) turned = acrossX > acrossY ? 'sideways' : 'through'
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
    if (Math.abs(event.clientX - one.startX) > 40) turnTo(shown.index + (event.clientX < one.startX ? 1 : -1))
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
    var steps = Math.trunc(wheeled / 90)
    wheeled -= steps * 90
    turnTo(shown.index + Math.max(-3, Math.min(3, steps)))
  }
  box.addEventListener('wheel', onWheel, { passive: false })
}
