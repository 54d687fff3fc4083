/* First part of VIEWER.JS: the data, how elements are made, what is shown. */
var content = window.shareContent
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
