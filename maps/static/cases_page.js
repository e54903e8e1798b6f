/* Joins clusters of cases, hot spots and repeated places with the tables beside the map. MAP, PAGE and SHARED are set
   before this script. */
(() => {
  const { SELECTED, root, words, node, lines, choosable, languages, controls, markTab } = SHARED
  const MICRODEGREES = 1e6
  const SQUARE_PX = 56
  const APART_FROM = 17 // from this zoom on, every position is drawn apart
  const CLOSEST = 17

  // --- towns and hot spots ------------------------------------------------------------------------------------
  const extent = L.latLngBounds([])
  MAP.eachLayer((group) => {
    if (!(group instanceof L.GeoJSON)) return
    group.setStyle({ color: '#6B7280', weight: 1.5, fillColor: '#fff', fillOpacity: 0.6 })
    group.eachLayer((town) => town.bindTooltip(() => lines([words().towns[town.feature.id]]), { sticky: true }))
    extent.extend(group.getBounds())
    group.bringToBack()
  })
  const spots = PAGE.spots.map(([, kind, geometry], i) => {
    const shape = L.geoJSON({ type: 'Feature', properties: {}, geometry })
    shape.colour = PAGE.colours[kind]
    shape.bindTooltip(() => lines(words().spots[i]), { sticky: true }).on('click', () => select('spots', i, false))
    return shape
  })
  const repeats = PAGE.repeats.map(([x, y], i) => {
    const ring = L.circleMarker([y, x], { fillOpacity: 0.05 })
    return ring.bindTooltip(() => lines(words().repeats[i])).on('click', () => select('repeated', i, false))
  })

  // --- cases, those that lie close on the screen as one ---------------------------------------------------------
  const positions = []
  for (let i = 0; i < PAGE.cases.length; i += 4) {
    const [x, y, count, open] = PAGE.cases.slice(i, i + 4)
    positions.push({ at: L.latLng(y / MICRODEGREES, x / MICRODEGREES), count, open })
    extent.extend(positions.at(-1).at)
  }
  const cases = L.layerGroup()
  const said = (count, open) => words().cases.replace('{count}', count.toLocaleString('en')).replace('{open}', open.toLocaleString('en'))

  function clusters() {
    const zoom = MAP.getZoom()
    const view = MAP.getBounds().pad(0.2)
    const found = new Map()
    positions.forEach(({ at, count, open }, i) => {
      if (!view.contains(at)) return
      const pixel = MAP.project(at, zoom)
      const key = zoom >= APART_FROM ? i : `${Math.floor(pixel.x / SQUARE_PX)}/${Math.floor(pixel.y / SQUARE_PX)}`
      const one = found.get(key) ?? { x: 0, y: 0, count: 0, open: 0 }
      one.x += at.lng * count
      one.y += at.lat * count
      one.count += count
      one.open += open
      found.set(key, one)
    })
    return [...found.values()]
  }
  function pill(count, colour) {
    const html = node('div', count < 10_000 ? count : `${Math.round(count / 1000)}k`)
    html.className = 'cluster'
    html.style.borderColor = colour
    return L.divIcon({ html, className: '', iconSize: [0, 0] })
  }
  function draw() {
    cases.clearLayers()
    if (!MAP.hasLayer(cases)) return
    for (const { x, y, count, open } of clusters()) {
      const at = [y / count, x / count]
      const colour = open ? PAGE.colours.open : PAGE.colours.ended
      const one = count === 1
        ? L.circleMarker(at, { radius: 4, color: '#fff', weight: 1, fillColor: colour, fillOpacity: 0.9 })
        : L.marker(at, { icon: pill(count, colour), keyboard: false })
      one.bindTooltip(() => lines([said(count, open)]))
      one.on('click', () => MAP.setView(at, Math.min(MAP.getZoom() + 2, CLOSEST + 1)))
      cases.addLayer(one)
    }
  }

  // --- what is chosen ---------------------------------------------------------------------------------------------
  let shown = 'spots'
  let chosen = null
  const is = (table, i) => shown === table && chosen === i
  function paint() {
    spots.forEach((shape, i) => shape.setStyle({
      ...(is('spots', i) ? SELECTED : { color: shape.colour, weight: 0.5 }), fillColor: shape.colour, fillOpacity: 0.6,
    }))
    repeats.forEach((ring, i) => ring.setStyle(
      is('repeated', i) ? { ...SELECTED, radius: 9 } : { color: PAGE.colours.repeated, weight: 2, radius: 6 },
    ))
    document.querySelectorAll('tr[data-code]').forEach((row) => {
      row.classList.toggle('selected', is(row.closest('.scroll').dataset.level, Number(row.dataset.code)))
    })
    document.querySelectorAll('tr.selected').forEach((row) => row.offsetParent && row.scrollIntoView({ block: 'nearest' }))
  }
  function show(table) {
    shown = table
    chosen = null
    markTab(table)
    document.querySelectorAll('.scroll').forEach((part) => { part.hidden = part.dataset.level !== table })
    paint()
  }
  function select(table, i, zoom) {
    if (table !== shown) show(table)
    chosen = i
    if (zoom && table === 'spots') MAP.fitBounds(spots[i].getBounds(), { padding: [120, 120], maxZoom: CLOSEST })
    if (zoom && table === 'repeated') MAP.setView(repeats[i].getLatLng(), CLOSEST)
    paint()
  }

  // --- controls -----------------------------------------------------------------------------------------------
  const overlays = { spots: L.layerGroup(spots), cases, repeated: L.layerGroup(repeats) }
  let control = null
  function layers() {
    control?.remove()
    control = L.control.layers(null, Object.fromEntries(Object.entries(overlays).map(([name, layer]) => [words().names[name], layer])), {
      collapsed: !matchMedia('(min-width: 900px)').matches,
    }).addTo(MAP)
    document.querySelector('.leaflet-control-layers-toggle').title = words().layers
  }
  languages(() => { layers(); paint() })
  controls(show)
  document.querySelectorAll('tr[data-code]').forEach((row) => {
    choosable(row, () => select(row.closest('.scroll').dataset.level, Number(row.dataset.code), true))
  })
  MAP.invalidateSize()
  if (extent.isValid()) MAP.fitBounds(extent, { padding: [16, 16] })
  Object.values(overlays).forEach((layer) => layer.addTo(MAP))
  MAP.on('moveend overlayadd overlayremove', draw)
  draw()
  layers()
  show(spots.length || !repeats.length ? 'spots' : 'repeated')
  document.body.dataset.ready = 'true'
})()
