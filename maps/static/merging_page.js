/* Joins the conflict map, the ways side by side and the table. MAP, PAGE and SHARED are set before this script. */
(() => {
  const { SELECTED, root, words, node, lines, choosable, languages, controls } = SHARED
  const WAY = { color: '#1B2430', weight: 1, fillOpacity: 0.45 }
  const FILLS = ['#8DA0CB', '#66C2A5', '#FC8D62', '#E78AC3', '#A6D854', '#FFD92F', '#E5C494', '#B3B3B3']
  const DASHES = ['', '10 10', '3 9']
  const panel = () => document.querySelector(`.panel[data-lang=${root.lang}]`)
  const number = (value) => (value === null ? '—' : Math.round(value).toLocaleString('en'))
  const filled = (text, fields) => text.replace(/\{(\w+)\}/g, (_, name) => fields[name])
  const feature = (geometry, properties = {}) => ({ type: 'Feature', properties, geometry })

  // --- the conflict map --------------------------------------------------------------------------------------
  const borders = PAGE.borders.map(([department, code, geometry]) => L.geoJSON(feature(geometry), {
    style: { color: PAGE.lines[department], weight: 2, fill: false, dashArray: DASHES[Object.keys(PAGE.lines).indexOf(department) % DASHES.length] }, interactive: false,
  }))
  L.layerGroup(borders).addTo(MAP)
  const shapes = new Map()
  let chosen = null
  for (const conflict of PAGE.conflicts) {
    const shape = L.geoJSON(feature(conflict.geometry), { style: () => style(conflict) })
    shape.bindTooltip(() => lines([`${conflict.conflict_no} · ${words().kinds[conflict.kind]}`, `${number(conflict.area_m2)} m²`]), { sticky: true })
    shape.on('click', () => choose(conflict.conflict_no, false))
    shape.addTo(MAP)
    shapes.set(conflict.conflict_no, shape)
  }
  function style(conflict) {
    const colour = PAGE.colours[conflict.kind]
    const border = conflict.conflict_no === chosen ? SELECTED : { color: colour, weight: 2 }
    return { ...border, fillColor: colour, fillOpacity: 0.7 }
  }

  // --- the ways side by side ---------------------------------------------------------------------------------
  const small = [...document.querySelectorAll('.way-map')].map((box) => {
    const map = L.map(box, { attributionControl: false, zoomControl: false, preferCanvas: true, zoomSnap: 0.25 })
    const codes = PAGE.ways[box.dataset.way].map(([code]) => code)
    const grids = L.geoJSON(PAGE.ways[box.dataset.way].map(([code, geometry]) => feature(geometry, { code })), {
      style: ({ properties }) => ({ ...WAY, fillColor: FILLS[codes.indexOf(properties.code) % FILLS.length] }),
      onEachFeature: ({ properties }, layer) => layer.bindTooltip(() => node('span', properties.code), { sticky: true }),
    }).addTo(map)
    const mark = L.layerGroup().addTo(map)
    return { map, grids, mark }
  })

  // --- a conflict --------------------------------------------------------------------------------------------
  function detail() {
    const box = panel().querySelector('.detail')
    const conflict = PAGE.conflicts.find((each) => each.conflict_no === chosen)
    box.hidden = conflict === undefined
    if (conflict === undefined) return
    const said = words().headers
    const facts = [
      [said.area, number(conflict.area_m2)], [said.width, conflict.width_m.toFixed(1)],
      [said.residents, number(conflict.residents_60_plus)], [said.cases, number(conflict.cases)],
      ...Object.entries(conflict.grids).map(([department, codes]) => [PAGE.departments[department], codes.join(', ') || words().none]),
      ...Object.entries(conflict.outcomes).map(([way, codes]) => [filled(words().outcome, { way: words().ways[way] }), codes.join(', ') || words().none]),
    ]
    if (conflict.decided_to) facts.push([said.decided, conflict.decided_to], [said.reason, conflict.reason])
    box.querySelector('h2').textContent = `${conflict.conflict_no} · ${words().kinds[conflict.kind]}`
    box.querySelector('dl').replaceChildren(...facts.flatMap(([term, value]) => [node('dt', term), node('dd', value)]))
  }

  function choose(next, zoom) {
    chosen = next
    for (const conflict of PAGE.conflicts) shapes.get(conflict.conflict_no).setStyle(style(conflict))
    document.querySelectorAll('tr[data-code]').forEach((row) => row.classList.toggle('selected', Number(row.dataset.code) === chosen))
    small.forEach(({ mark }) => mark.clearLayers())
    detail()
    if (chosen === null) return
    const shape = shapes.get(chosen)
    shape.bringToFront()
    if (zoom) MAP.fitBounds(shape.getBounds(), { padding: [120, 120], maxZoom: 17 })
    for (const { map, mark } of small) {
      L.geoJSON(PAGE.conflicts.find((each) => each.conflict_no === chosen).geometry, { style: { ...SELECTED, fill: false }, interactive: false }).addTo(mark)
      map.fitBounds(shape.getBounds(), { padding: [30, 30], maxZoom: 16 })
    }
    panel().querySelector('tr.selected')?.scrollIntoView({ block: 'nearest' })
  }

  // --- controls ----------------------------------------------------------------------------------------------
  const extent = L.latLngBounds([])
  borders.forEach((border) => extent.extend(border.getBounds()))

  function fit() {
    for (const { map, grids } of small) {
      map.invalidateSize()
      map.fitBounds(grids.getBounds().isValid() ? grids.getBounds() : extent)
    }
  }

  document.querySelectorAll('tr[data-code]').forEach((row) => choosable(row, () => choose(Number(row.dataset.code), true)))
  document.querySelectorAll('.close').forEach((button) => button.addEventListener('click', () => { choose(null, false); fit() }))
  languages(() => { fit(); choose(chosen, false) })
  controls(() => {})
  MAP.invalidateSize()
  MAP.fitBounds(extent, { padding: [16, 16] })
  fit()
  document.body.dataset.ready = 'true'
})()
