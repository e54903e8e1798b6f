/* Joins new points and areas on the map with the tables beside it. MAP, PAGE and SHARED are set before this script. */
(() => {
  const { SELECTED, BORDER, ShapeMarker, pointRadius, root, words, lines, choosable, languages, controls, markTab } = SHARED
  const FILL = 0.75
  const RANK_SIZE = 26
  const CLOSEST = 16

  // --- areas, before and after -------------------------------------------------------------------------------
  const levels = new Map(PAGE.levels.map((level) => [level.level, level]))
  const byLevel = new Map(PAGE.levels.map(({ level }) => [level, new Map()]))
  const groups = new Map()
  const AFTER = 1
  let mode = AFTER
  MAP.eachLayer((group) => {
    if (!(group instanceof L.GeoJSON)) return
    group.eachLayer((area) => {
      const { id, properties } = area.feature
      byLevel.get(properties.level).set(id, area)
      groups.set(properties.level, group)
      area.bindTooltip(() => lines(levels.get(properties.level).said[root.lang][id]), { sticky: true })
      area.on('click', () => select(properties.level, id, false))
    })
  })
  groups.forEach((group) => group.remove())

  const lowest = PAGE.levels.at(-1)?.level
  let shown = null // the table
  let level = lowest // the areas on the map
  let chosen = null
  const style = (code) => ({
    ...(code === chosen && shown === level ? SELECTED : BORDER), fillColor: levels.get(level).colours[code][mode], fillOpacity: FILL,
  })
  const areas = L.layerGroup()

  function paint() {
    byLevel.get(level)?.forEach((area, code) => area.setStyle(style(code)))
    groups.get(level)?.bringToBack()
    document.querySelectorAll('.mode').forEach((part) => {
      part.textContent = PAGE.words[part.closest('[data-lang]').dataset.lang].modes[AFTER - mode]
    })
  }

  function show(next) {
    shown = next
    chosen = null
    level = levels.has(next) ? next : lowest
    areas.clearLayers()
    if (groups.has(level)) areas.addLayer(groups.get(level))
    markTab(next)
    document.querySelectorAll('.scroll').forEach((table) => { table.hidden = table.dataset.level !== next })
    mark()
  }

  function select(table, code, zoom) {
    if (table !== shown) show(table)
    chosen = code
    if (zoom && shown === 'chosen') MAP.setView(ranks.get(code).getLatLng(), Math.max(MAP.getZoom(), CLOSEST))
    const area = byLevel.get(shown)?.get(code)
    if (area && zoom) MAP.fitBounds(area.getBounds(), { padding: [24, 24] })
    mark()
  }

  function mark() {
    paint()
    ranks.forEach((marker, code) => marker.getElement()?.firstElementChild.classList.toggle('chosen-now', shown === 'chosen' && code === chosen))
    document.querySelectorAll('tr[data-code]').forEach((row) => {
      row.classList.toggle('selected', row.dataset.code === chosen && row.closest('.scroll').dataset.level === shown)
    })
    document.querySelectorAll('tr.selected').forEach((row) => row.offsetParent && row.scrollIntoView({ block: 'nearest' }))
  }

  // --- new points --------------------------------------------------------------------------------------------
  const newPoints = L.layerGroup()
  const ranks = new Map(PAGE.chosen.map(([x, y, rank, sure], i) => {
    const disc = Object.assign(document.createElement('div'), { className: 'rank', textContent: rank })
    const [fill, ink] = sure ? [PAGE.colours.chosen, '#fff'] : ['#fff', PAGE.colours.chosen]
    Object.assign(disc.style, { width: `${RANK_SIZE}px`, height: `${RANK_SIZE}px`, background: fill, color: ink, borderColor: ink })
    const marker = L.marker([y, x], {
      icon: L.divIcon({ html: disc, className: '', iconSize: [RANK_SIZE, RANK_SIZE] }), keyboard: true, zIndexOffset: 1000 - rank,
    })
    marker.bindTooltip(() => lines(words().chosen[i])).on('click', () => select('chosen', String(rank), false))
    newPoints.addLayer(marker)
    return [String(rank), marker]
  }))
  newPoints.on('add', () => ranks.forEach((marker, rank) => {
    marker.getElement().setAttribute('aria-label', words().chosen[PAGE.chosen.findIndex((each) => String(each[2]) === rank)][0])
  }))

  // --- open points, candidates that are out, zones, whom nothing covers ------------------------------------------
  const shapes = PAGE.shapes.map((shape) => new Path2D(shape))
  const open = L.layerGroup(PAGE.open.map(([x, y, type, code, name]) =>
    new ShapeMarker([y, x], { radius: pointRadius(), shape: shapes[type] }).bindTooltip(() => lines([name, words().types[type], code]))))
  const dotRadius = () => Math.max(1.5, Math.min(5, MAP.getZoom() - 11.5))
  const dot = ([x, y], fillColor, told) =>
    L.circleMarker([y, x], { radius: dotRadius(), color: '#fff', weight: 0.5, fillColor, fillOpacity: 0.9 }).bindTooltip(() => lines(told()))
  const rejected = L.layerGroup(PAGE.rejected.map((row) =>
    dot(row, PAGE.colours.rejected, () => [words().names.rejected, words().reasons[row[2]]])))
  const uncoverable = L.layerGroup(PAGE.uncoverable.map((row) =>
    dot(row, PAGE.colours.uncoverable, () => [words().names.uncoverable, `${words().residents}: ${row[2].toLocaleString('en', { maximumFractionDigits: 1 })}`])))
  const zones = L.layerGroup(PAGE.zones.map((geometry) => L.geoJSON({ type: 'Feature', properties: {}, geometry }, {
    style: { color: PAGE.colours.zones, weight: 2, dashArray: '6 4', fillColor: PAGE.colours.zones, fillOpacity: 0.25 },
  }).bindTooltip(() => lines([words().names.zones]), { sticky: true })))

  // --- controls ----------------------------------------------------------------------------------------------
  const overlays = { chosen: newPoints, open, rejected, zones, uncoverable }
  const there = Object.entries(overlays).filter(([, layer]) => layer.getLayers().length)
  const modes = [L.layerGroup(), L.layerGroup()] // after and before: the areas stay, their colours change
  let control = null
  function layers() {
    control?.remove()
    control = L.control.layers(
      groups.size ? Object.fromEntries(modes.map((layer, i) => [words().modes[i], layer])) : null,
      Object.fromEntries(there.map(([name, layer]) => [words().names[name], layer])),
      { collapsed: !matchMedia('(min-width: 900px)').matches },
    ).addTo(MAP)
    document.querySelector('.leaflet-control-layers-toggle').title = words().layers
  }
  MAP.on('baselayerchange', ({ layer }) => {
    mode = layer === modes[0] ? AFTER : 0
    paint()
  })
  MAP.on('overlayadd overlayremove', () => {
    there.forEach(([name, layer]) => {
      document.querySelectorAll(`[data-layer=${name}]`).forEach((part) => part.classList.toggle('off', !MAP.hasLayer(layer)))
    })
    groups.get(level)?.bringToBack()
  })
  MAP.on('zoomend', () => {
    open.eachLayer((point) => point.setRadius(pointRadius()))
    for (const layer of [rejected, uncoverable]) layer.eachLayer((spot) => spot.setRadius(dotRadius()))
  })
  languages(() => {
    layers()
    mark()
  })
  controls(show)
  document.querySelectorAll('tr[data-code]').forEach((row) => {
    choosable(row, () => select(row.closest('.scroll').dataset.level, row.dataset.code, true))
  })

  const extent = L.latLngBounds([])
  groups.forEach((group) => extent.extend(group.getBounds()))
  const spots = L.latLngBounds([...PAGE.chosen, ...PAGE.open].map(([x, y]) => [y, x]))
  const sides = (box) => [box.getEast() - box.getWest(), box.getNorth() - box.getSouth()]
  const isCorner = () => sides(spots).every((side, i) => 2 * side < sides(extent)[i])
  const seen = spots.isValid() && (!extent.isValid() || isCorner()) ? spots : extent
  MAP.invalidateSize()
  if (seen.isValid()) MAP.fitBounds(seen, { padding: [40, 40], maxZoom: CLOSEST })
  areas.addTo(MAP)
  modes[0].addTo(MAP)
  there.forEach(([, layer]) => layer.addTo(MAP))
  show('chosen')
  layers()
  MAP.fire('overlayadd')
  document.body.dataset.ready = 'true'
})()
