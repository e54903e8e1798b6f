/* Joins the map that folium has drawn with the tables beside it. MAP, PAGE and SHARED are set before this script. */
(() => {
  const { SELECTED, BORDER, ShapeMarker, pointRadius, root, words, lines, choosable, languages, controls, markTab } = SHARED
  const FILL = 0.75
  const FAINT = 0.06 // under places and ground, whose colours would be mixed up with those of the areas
  const ROW = 5
  const MICRODEGREES = 1e6

  // --- areas -------------------------------------------------------------------------------------------------
  const byLevel = new Map(PAGE.levels.map(({ level }) => [level, new Map()]))
  const groups = new Map()
  const areas = L.layerGroup()
  const said = new Map(PAGE.levels.map((level) => [level.level, level.said]))
  MAP.eachLayer((group) => {
    if (!(group instanceof L.GeoJSON)) return
    group.eachLayer((area) => {
      const { id, properties } = area.feature
      byLevel.get(properties.level).set(id, area)
      groups.set(properties.level, group)
      area.bindTooltip(() => lines(said.get(properties.level)[root.lang][id]), { sticky: true })
      area.on('click', () => select(properties.level, id, false))
    })
  })
  groups.forEach((group) => group.remove())

  const several = PAGE.levels.find(({ said }) => Object.keys(said.zh).length > 1)
  let level = (several ?? PAGE.levels[0])?.level
  let chosen = null
  const style = (code) => ({ ...(code === chosen ? SELECTED : BORDER), fillOpacity: covered() ? FAINT : FILL })
  const covered = () => MAP.hasLayer(places) || ('ground' in PAGE.walks && MAP.hasLayer(walks.ground))
  const paint = () => byLevel.get(level)?.forEach((area, code) => area.setStyle(style(code)))

  function show(next) {
    level = next
    chosen = null
    areas.clearLayers()
    if (groups.has(level)) areas.addLayer(groups.get(level))
    paint()
    groups.get(level)?.bringToBack()
    markTab(level)
    document.querySelectorAll('.scroll').forEach((table) => { table.hidden = table.dataset.level !== level })
    mark()
  }

  function select(itsLevel, code, zoom) {
    if (itsLevel !== level) show(itsLevel)
    chosen = code
    paint()
    const area = byLevel.get(level).get(code)
    if (area && zoom) MAP.fitBounds(area.getBounds(), { padding: [24, 24] })
    mark()
  }

  function mark() {
    document.querySelectorAll('tr[data-code]').forEach((row) => {
      row.classList.toggle('selected', row.dataset.code === chosen && row.closest('.scroll').dataset.level === level)
    })
    document.querySelectorAll('tr.selected').forEach((row) => row.offsetParent && row.scrollIntoView({ block: 'nearest' }))
  }

  // --- places ------------------------------------------------------------------------------------------------
  const places = L.layerGroup()
  const radius = () => Math.max(1.5, Math.min(7, MAP.getZoom() - 10.5))
  const dots = []

  function addPlaces({ rows, square }) {
    for (let i = 0; i < rows.length; i += ROW) {
      const [x, y, kind, residents, walk] = rows.slice(i, i + ROW)
      const at = [y / MICRODEGREES, x / MICRODEGREES]
      const options = { stroke: false, fillOpacity: 0.9, fillColor: PAGE.words.zh.classes[kind][0] }
      const place = square
        ? L.rectangle([[at[0] - square[1] / 2, at[1] - square[0] / 2], [at[0] + square[1] / 2, at[1] + square[0] / 2]], options)
        : L.circleMarker(at, { ...options, radius: radius() })
      place.bindPopup(() => lines([
        words().classes[kind][1],
        `${words().who}: ${residents.toLocaleString('en')}`,
        ...(walk < 0 ? [] : [`${words().minutes}: ${(walk / 60).toFixed(1)}`]),
      ]))
      places.addLayer(place)
      if (!square) dots.push(place)
    }
  }

  // --- points ------------------------------------------------------------------------------------------------
  const points = L.layerGroup()
  const shapes = PAGE.shapes.map((shape) => new Path2D(shape))
  PAGE.points.forEach(([x, y, type, code, name]) => {
    const point = new ShapeMarker([y, x], { radius: pointRadius(), shape: shapes[type] })
    points.addLayer(point.bindTooltip(() => lines([name, words().types[type], code])))
  })

  // --- walks: ground, flows, who is missed, gates --------------------------------------------------------------
  const GATE = new Path2D('M4 4h16v16H4z')
  const shown = (count) => count.toLocaleString('en')
  const named = (of, code) => said.get(of)?.[root.lang][code]?.[0] ?? code
  const pointNames = new Map(PAGE.points.map(([, , , code, name]) => [code, name]))
  const share = (count, most) => Math.sqrt(count / (most || 1))
  const missedOnes = []
  const missedRadius = (of) => Math.max(2, of * Math.max(6, Math.min(26, 2 * (MAP.getZoom() - 6))))

  /** The corners of a ring that is told as steps from corner to corner. */
  function corners(steps) {
    const found = []
    for (let i = 0, x = 0, y = 0; i < steps.length; i += 2) {
      x += steps[i]
      y += steps[i + 1]
      found.push([y / MICRODEGREES, x / MICRODEGREES])
    }
    return found
  }

  const draw = {
    ground: ([kind, fillColor, polygons], layer) => {
      const area = L.polygon(polygons.map((rings) => rings.map(corners)), { stroke: false, fillColor, fillOpacity: 0.7 })
      layer.addLayer(area.bindTooltip(() => lines([words().ground[kind]]), { sticky: true }))
    },
    flows: ([x1, y1, x2, y2, residents, seconds, of, area, point], layer, most) => {
      const line = L.polyline([[y1, x1], [y2, x2]], { color: '#3B4C9B', opacity: 0.6, weight: 1 + 7 * (residents / most) })
      layer.addLayer(line.bindTooltip(() => lines([
        `${named(of, area)} → ${pointNames.get(point) ?? point}`,
        `${words().who}: ${shown(residents)}`,
        `${words().minutes}: ${(seconds / 60).toFixed(1)}`,
      ]), { sticky: true }))
    },
    missed: ([x, y, residents], layer, most) => {
      const of = share(residents, most)
      const options = { color: '#A8431D', weight: 1, fillColor: '#E07B54', fillOpacity: 0.55, radius: missedRadius(of) }
      const circle = L.circleMarker([y / MICRODEGREES, x / MICRODEGREES], options)
      missedOnes.push([circle, of])
      layer.addLayer(circle.bindTooltip(() => lines([`${words().who}: ${shown(residents)}`])))
    },
    gates: ([x, y, state, colour, name], layer) => {
      const gate = new ShapeMarker([y, x], { radius: 4, shape: GATE, colour })
      layer.addLayer(gate.bindTooltip(() => lines([name, words().gates[state]])))
    },
  }
  const COUNT = { flows: 4, missed: 2 }
  const walks = Object.fromEntries(Object.entries(PAGE.walks).map(([name, rows]) => {
    const layer = L.layerGroup()
    const most = Math.max(...rows.map((row) => row[COUNT[name] ?? 0]))
    rows.forEach((row) => draw[name](row, layer, most))
    return [name, layer]
  }))

  // --- controls ----------------------------------------------------------------------------------------------
  let control = null
  function layers() {
    control?.remove()
    const overlays = { [words().areas]: areas }
    if (PAGE.places) overlays[words().places] = places
    Object.entries(walks).forEach(([name, layer]) => { overlays[words().walks[name]] = layer })
    overlays[words().points] = points
    control = L.control.layers(null, overlays, { collapsed: !matchMedia('(min-width: 900px)').matches }).addTo(MAP)
    document.querySelector('.leaflet-control-layers-toggle').title = words().layers
  }

  const toggles = { areas, places, ...walks, points }
  MAP.on('overlayadd overlayremove', () => {
    paint()
    if (walks.ground && MAP.hasLayer(walks.ground)) walks.ground.getLayers().reverse().forEach((ground) => ground.bringToBack())
    groups.get(level)?.bringToBack()
    if (MAP.hasLayer(points)) points.eachLayer((point) => point.bringToFront())
    const faint = covered()
    Object.entries(toggles).forEach(([name, layer]) => {
      const off = !MAP.hasLayer(layer) || (name === 'areas' && faint)
      document.querySelectorAll(`[data-layer=${name}]`).forEach((part) => part.classList.toggle('off', off))
    })
  })
  MAP.on('zoomend', () => {
    dots.forEach((dot) => dot.setRadius(radius()))
    missedOnes.forEach(([circle, of]) => circle.setRadius(missedRadius(of)))
    points.eachLayer((point) => point.setRadius(pointRadius()))
  })
  languages(() => {
    layers()
    mark()
  })
  controls(show)
  document.querySelectorAll('tr[data-code]').forEach((row) => {
    choosable(row, () => select(row.closest('.scroll').dataset.level, row.dataset.code, true))
  })

  if (PAGE.places) addPlaces(PAGE.places)
  const extent = L.latLngBounds([])
  groups.forEach((group) => extent.extend(group.getBounds()))
  dots.forEach((dot) => extent.extend(dot.getLatLng()))
  if (!extent.isValid()) places.eachLayer((square) => extent.extend(square.getBounds()))
  if (!extent.isValid()) points.eachLayer((point) => extent.extend(point.getLatLng()))
  MAP.invalidateSize()
  if (extent.isValid()) MAP.fitBounds(extent, { padding: [16, 16] })
  for (const layer of [areas, points]) layer.addTo(MAP)
  if (PAGE.places) places.addTo(MAP)
  show(level)
  layers()
  MAP.fire('overlayadd')
  document.body.dataset.ready = 'true'
})()
