/* What the pages with a map and tables share. MAP and PAGE are set before this script. */
const SHARED = (() => {
  const SELECTED = { color: '#0B63CE', weight: 3 }
  const BORDER = { color: '#6B7280', weight: 1 }
  const SHAPE_BOX = 24

  const root = document.documentElement
  const words = () => PAGE.words[root.lang]
  const node = (tag, text) => Object.assign(document.createElement(tag), { textContent: text })
  const lines = (texts) => {
    const box = document.createElement('div')
    texts.forEach((text, i) => box.append(node(i ? 'div' : 'b', text)))
    return box
  }

  /** Sort the rows that stand for areas by the column of a heading, down and then up; sums stay below. */
  function sort(head, up = head.getAttribute('aria-sort') === 'descending') {
    const body = head.closest('table').tBodies[0]
    const column = head.cellIndex
    head.parentNode.querySelectorAll('th').forEach((other) => other.setAttribute('aria-sort', 'none'))
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending')
    const text = head.classList.contains('text')
    const value = (row) => row.cells[column].dataset.value
    const number = (row) => (value(row) === '' || isNaN(value(row)) ? -1 : Number(value(row)))
    const order = (a, b) => (text ? value(a).localeCompare(value(b), 'zh-CN') : number(a) - number(b))
    const rows = [...body.querySelectorAll('tr[data-code]')].sort((a, b) => (up ? order(a, b) : order(b, a)))
    body.prepend(...rows)
  }

  /** Let a row be chosen by mouse and by keyboard. */
  function choosable(row, choose) {
    row.addEventListener('click', choose)
    row.addEventListener('keydown', (event) => { if (event.key === 'Enter') choose() })
  }

  /** Let the page's buttons switch the language, and say so afterwards. */
  function languages(switched) {
    const next = () => {
      root.lang = root.lang === 'zh' ? 'en' : 'zh'
      document.title = words().title
      switched()
    }
    document.querySelectorAll('.language').forEach((button) => button.addEventListener('click', next))
  }

  /** Let the headings sort, the tabs switch the level, and legends stand open where there is room; add the scale. */
  function controls(show) {
    document.querySelectorAll('th').forEach((head) => head.firstElementChild.addEventListener('click', () => sort(head)))
    document.querySelectorAll('[role=tab]').forEach((tab) => tab.addEventListener('click', () => show(tab.dataset.level)))
    if (matchMedia('(min-width: 900px)').matches) document.querySelectorAll('.legend').forEach((legend) => { legend.open = true })
    L.control.scale({ imperial: false, position: 'bottomright' }).addTo(MAP)
  }

  function markTab(level) {
    document.querySelectorAll('[role=tab]').forEach((tab) => tab.setAttribute('aria-selected', tab.dataset.level === level))
  }

  /** A point drawn by its type's shape on the map's canvas, so that thousands stay as light as one. */
  const ShapeMarker = L.CircleMarker.extend({
    _updatePath() {
      const context = this._renderer._ctx
      if (!this._renderer._drawing || this._empty()) return
      const scale = (2 * this._radius) / SHAPE_BOX
      context.save()
      context.translate(this._point.x - this._radius, this._point.y - this._radius)
      context.scale(scale, scale)
      context.globalAlpha = 1 // of what was drawn before
      context.lineWidth = 3
      context.strokeStyle = '#fff'
      context.fillStyle = this.options.colour ?? '#1B2430'
      context.stroke(this.options.shape)
      context.fill(this.options.shape)
      context.restore()
    },
  })
  const pointRadius = () => Math.max(3, Math.min(8, MAP.getZoom() - 6))

  return { SELECTED, BORDER, ShapeMarker, pointRadius, root, words, node, lines, sort, choosable, languages, controls, markTab }
})()
