/* Last part of VIEWER.JS: keys, the address, and the beginning. */
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
