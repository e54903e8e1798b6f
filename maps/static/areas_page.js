/* Joins the slider, the map that folium has drawn, and the table. MAP, PAGE and SHARED are set before this script. */
(() => {
  const { SELECTED, BORDER, root, words, node, lines, sort, choosable, languages, controls, markTab } = SHARED
  const NEW = { color: '#1B2430', weight: 3 }
  const TOWN_OUTLINE = { color: '#1B2430', weight: 1.5, fill: false, interactive: false }
  const FILL = 0.7
  const LETTER_PX = 13
  const HATCH_PX = 8
  const M2_PER_KM2 = 1e6

  const areas = PAGE.areas.map(([level, code, name, kind, parentLevel, parentCode, m2, edition, since, lon, lat]) => (
    { level, code, name, kind, parentLevel, parentCode, m2, edition, since, at: [lat, lon] }
  ))
  const stops = PAGE.stops.map((stop) => {
    const classes = new Map(stop.areas)
    const byCode = new Map(stop.areas.map(([number]) => [`${areas[number].level}/${areas[number].code}`, number]))
    return { ...stop, classes, byCode }
  })
  const filled = (words_, fields) => words_.replace(/\{(\w+)\}/g, (_, name) => fields[name])
  const km2 = (m2) => (m2 >= M2_PER_KM2 ? (m2 / M2_PER_KM2).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 }) : (m2 / M2_PER_KM2).toFixed(3))
  const panels = () => document.querySelector(`.panel[data-lang=${root.lang}]`)
  const part = (name) => panels().querySelector(name)

  // --- what is drawn -----------------------------------------------------------------------------------------
  const shapes = new Map()
  const groups = []
  MAP.eachLayer((group) => {
    if (!(group instanceof L.GeoJSON)) return
    groups.push(group)
    group.eachLayer((shape) => {
      const { id } = shape.feature
      shapes.set(id, shape)
      shape.bindTooltip(() => lines([areas[id].name, `${km2(areas[id].m2)} km²`, modeText(id)].filter(Boolean)), { sticky: true })
      shape.on('click', () => choose(id, false))
    })
  })
  groups.forEach((group) => group.remove())
  const shown = L.layerGroup().addTo(MAP)
  const outlines = L.layerGroup().addTo(MAP)
  const names = L.layerGroup().addTo(MAP)

  const hatch = document.createElement('canvas')
  hatch.width = hatch.height = HATCH_PX
  const pen = hatch.getContext('2d')
  pen.strokeStyle = '#1B2430'
  pen.lineWidth = 1.4
  for (const x of [-HATCH_PX, 0, HATCH_PX]) {
    pen.moveTo(x - 1, HATCH_PX + 1)
    pen.lineTo(x + HATCH_PX + 1, -1)
  }
  pen.stroke()
  const fillStroke = L.Canvas.prototype._fillStroke
  L.Canvas.include({
    _fillStroke(context, shape) {
      fillStroke.call(this, context, shape)
      if (!shape.options.hatched) return
      context.globalAlpha = 0.55
      context.fillStyle = context.createPattern(hatch, 'repeat')
      context.fill('evenodd')
      context.globalAlpha = 1
    },
  })

  let stop = stops[PAGE.now]
  let level = PAGE.levels.includes('town') ? 'town' : PAGE.levels[0]
  let chosen = null
  const here = () => stop.areas.map(([number]) => number).filter((number) => areas[number].level === level)
  const before = () => stops[stops.indexOf(stop) - 1]
  const isNew = (number) => before() !== undefined && !before().classes.has(number)
  const override = (number) => (areas[number].level === 'town' ? stop.overrides[areas[number].code] : undefined)
  const modeText = (number) => words().classes[stop.classes.get(number)]
  const parentOf = ({ parentLevel, parentCode }) => areas[stop.byCode.get(`${parentLevel}/${parentCode}`)]?.name ?? parentCode ?? '—'

  function style(number) {
    const border = number === chosen ? SELECTED : isNew(number) ? NEW : BORDER
    return { ...border, fillColor: PAGE.colours[stop.classes.get(number)], fillOpacity: FILL, hatched: override(number) !== undefined }
  }

  function draw() {
    shown.clearLayers()
    outlines.clearLayers()
    const ordered = here().sort((a, b) => isNew(a) - isNew(b) || (a === chosen) - (b === chosen))
    for (const number of ordered) shown.addLayer(shapes.get(number).setStyle(style(number)))
    if (!['district', 'town'].includes(level)) {
      for (const [number] of stop.areas) {
        if (areas[number].level === 'town') outlines.addLayer(L.geoJSON(shapes.get(number).feature, { style: TOWN_OUTLINE, interactive: false }))
      }
    }
    shapes.get(chosen)?.bringToFront()
    label()
  }

  /** Names where an area is wide enough on the screen for its own. */
  function label() {
    names.clearLayers()
    for (const number of here()) {
      const box = shapes.get(number).getBounds()
      const [low, high] = [MAP.latLngToLayerPoint(box.getSouthWest()), MAP.latLngToLayerPoint(box.getNorthEast())]
      if (high.x - low.x < areas[number].name.length * LETTER_PX || low.y - high.y < 2 * LETTER_PX) continue
      names.addLayer(L.tooltip({ permanent: true, direction: 'center', className: 'area-name', interactive: false }).setLatLng(areas[number].at).setContent(node('span', areas[number].name)))
    }
  }

  // --- the panel ---------------------------------------------------------------------------------------------
  function tell() {
    document.querySelectorAll('.stop').forEach((slider) => {
      slider.value = stops.indexOf(stop)
      slider.setAttribute('aria-valuetext', `${stop.on} ${stop.editions.map(([name]) => name).join(', ')}`)
    })
    part('.at').replaceChildren(filled(words().from, { day: stop.on }), ...stop.editions.flatMap(([name, status]) => {
      const mark = node('span', words().statuses[status])
      mark.className = `status ${status}`
      return [` · ${name}`, mark]
    }))
    part('.modes').textContent = filled(words().modes_on, { day: stop.modes_on })
    part('.summary').textContent = `${counted()} ${difference()}`
  }

  function counted() {
    const m2 = here().reduce((sum, number) => sum + areas[number].m2, 0)
    return filled(words().count, { level: words().levels[level], count: here().length.toLocaleString('en'), km2: km2(m2) })
  }

  function difference() {
    if (before() === undefined) return stops.length > 1 ? words().first : ''
    const codes = (at) => new Map(at.areas.filter(([number]) => areas[number].level === level).map(([number]) => [areas[number].code, number]))
    const [old, now] = [codes(before()), codes(stop)]
    const added = [...now.keys()].filter((code) => !old.has(code)).length
    const ended = [...old.keys()].filter((code) => !now.has(code)).length
    const altered = [...now].filter(([code, number]) => old.has(code) && old.get(code) !== number).length
    return added + ended + altered ? filled(words().changed, { added, ended, altered }) : words().unchanged
  }

  function cell(shownText, value, kind) {
    const found = node('td', shownText)
    found.className = kind
    found.dataset.value = value ?? ''
    return found
  }

  function row(number) {
    const area = areas[number]
    const found = document.createElement('tr')
    found.dataset.code = area.code
    found.dataset.number = number
    found.tabIndex = 0
    found.classList.toggle('changed', isNew(number))
    const mode = cell('', modeText(number), 'text mode')
    const mark = node('i', '')
    mark.className = 'mark'
    mark.style.background = PAGE.colours[stop.classes.get(number)]
    mode.append(mark, modeText(number))
    if (override(number)) mode.append(Object.assign(node('span', words().by_override), { className: 'by' }))
    found.append(
      cell(area.name, area.name, 'text'), cell(area.code, area.code, 'text'), cell(km2(area.m2), area.m2, 'number'),
      cell(parentOf(area), parentOf(area), 'text'), mode, cell(area.edition, area.edition, 'text'),
    )
    choosable(found, () => choose(number, true))
    return found
  }

  function table() {
    part('tbody').replaceChildren(...here().sort((a, b) => areas[a].code.localeCompare(areas[b].code)).map(row))
    const sorted = part('th:not([aria-sort=none])')
    if (sorted) sort(sorted, sorted.getAttribute('aria-sort') === 'ascending')
  }

  function period(number) {
    const first = stops.findIndex((at) => at.classes.has(number))
    const end = stops.slice(first).find((at) => !at.classes.has(number))
    const from = filled(words().from, { day: areas[number].since })
    return end ? `${from} ${filled(words().until, { day: end.on })}` : from
  }

  function detail() {
    const box = part('.detail')
    box.hidden = chosen === null
    if (chosen === null) return
    const area = areas[chosen]
    const said = words().detail
    const kind = area.kind ? ` (${words().kinds[area.kind]})` : ''
    const facts = [
      [said.code, area.code], [said.level, words().levels[area.level] + kind],
      [said.surface, `${km2(area.m2)} km² (${Math.round(area.m2).toLocaleString('en')} m²)`],
      [said.edition, area.edition], [said.in_force, period(chosen)], [said.parent, parentOf(area)],
    ]
    if (modeText(chosen)) facts.push([said.mode, modeText(chosen)])
    box.querySelector('h2').textContent = area.name
    box.querySelector('dl').replaceChildren(...facts.flatMap(([term, value]) => [node('dt', term), node('dd', value)]))
    const [by, document_, dated, reason] = override(chosen) ?? []
    if (by === undefined) return
    box.querySelector('dd:last-child').append(
      node('div', filled(words().override, { by, document: document_, dated })), node('div', filled(words().reason, { reason })),
    )
  }

  function mark() {
    document.querySelectorAll('tr[data-number]').forEach((each) => each.classList.toggle('selected', Number(each.dataset.number) === chosen))
    const [box, found] = [part('.scroll'), part('tr.selected')]
    const left = box.scrollLeft
    found?.scrollIntoView({ block: 'nearest' })
    box.scrollLeft = left
  }

  // --- controls ----------------------------------------------------------------------------------------------
  function choose(number, zoom) {
    const was = chosen
    chosen = number
    if (was !== null && stop.classes.has(was)) shapes.get(was).setStyle(style(was))
    if (number !== null) shapes.get(number).setStyle(style(number)).bringToFront()
    if (zoom) MAP.fitBounds(shapes.get(number).getBounds(), { padding: [48, 48] })
    detail()
    mark()
  }

  function show(nextLevel, nextStop = stop) {
    const kept = chosen !== null && nextLevel === level ? nextStop.byCode.get(`${level}/${areas[chosen].code}`) : undefined
    stop = nextStop
    level = nextLevel
    chosen = kept ?? null
    markTab(level)
    draw()
    if (!here().some((number) => MAP.getBounds().intersects(shapes.get(number).getBounds()))) MAP.fitBounds(extent)
    tell()
    table()
    detail()
    mark()
  }

  const extent = L.latLngBounds([])
  groups.forEach((group) => extent.extend(group.getBounds()))
  languages(() => show(level))
  controls((next) => show(next))
  document.querySelectorAll('.stop').forEach((slider) => slider.addEventListener('input', () => show(level, stops[Number(slider.value)])))
  document.querySelectorAll('.close').forEach((button) => button.addEventListener('click', () => choose(null, false)))
  MAP.on('zoomend', label)

  MAP.invalidateSize()
  MAP.fitBounds(extent, { padding: [16, 16] })
  show(level)
  document.body.dataset.ready = 'true'
})()
