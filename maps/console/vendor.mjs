// Copies Leaflet to where maps/coverage_page.py inlines it from, so that a page needs nothing from outside.
import { cpSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const source = dirname(createRequire(import.meta.url).resolve('leaflet/dist/leaflet.js'))
const target = join(import.meta.dirname, '..', 'static', 'vendor', 'leaflet')
mkdirSync(target, { recursive: true })
for (const file of ['leaflet.js', 'leaflet.css']) cpSync(join(source, file), join(target, file))
