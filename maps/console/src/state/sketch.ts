import type * as GeoJSON from 'geojson'
import { computed, shallowRef } from 'vue'

export type Position = [number, number]

/** A line, a polygon, a single position or several being drawn on the map, vertex by vertex, in degrees. */
export interface Sketch {
  kind: 'line' | 'polygon' | 'point' | 'points'
  points: Position[]
  /** Whether the map is only listened to: on a narrow screen it is not brought to the front. */
  stay?: boolean
}

const LEAST = { line: 2, polygon: 3, point: 1, points: 1 }
const DIGITS = 7

/** What is being drawn; while it is there, a click on the map adds a vertex. */
export const sketch = shallowRef<Sketch | null>(null)

export const sketchComplete = computed(() => sketch.value !== null && sketch.value.points.length >= LEAST[sketch.value.kind])

export function beginSketch(kind: Sketch['kind'], points: Position[] = [], { stay = false } = {}): void {
  sketch.value = { kind, points, stay }
}

export function addVertex(lon: number, lat: number): void {
  if (!sketch.value) return
  const vertex: Position = [Number(lon.toFixed(DIGITS)), Number(lat.toFixed(DIGITS))]
  sketch.value = { ...sketch.value, points: sketch.value.kind === 'point' ? [vertex] : [...sketch.value.points, vertex] }
}

export function undoVertex(): void {
  if (sketch.value) sketch.value = { ...sketch.value, points: sketch.value.points.slice(0, -1) }
}

export function endSketch(): void {
  sketch.value = null
}

/** The vertices as text, one `lon, lat` per line: what the keyboard writes instead of the mouse. */
export function sketchText(of: Sketch): string {
  return of.points.map((point) => point.join(', ')).join('\n')
}

/** Read vertices from text; null when a line is not two numbers. */
export function positionsOf(text: string): Position[] | null {
  const lines = text.split('\n').filter((line) => line.trim())
  const points = lines.map((line) => line.split(/[\s,;，]+/).filter(Boolean).map(Number))
  return points.every((point) => point.length === 2 && point.every(Number.isFinite)) ? (points as Position[]) : null
}

/** The drawn shape as GeoJSON, a polygon closed. */
export function sketchGeometry(of: Sketch): GeoJSON.LineString | GeoJSON.Polygon | GeoJSON.Point | GeoJSON.MultiPoint {
  if (of.kind === 'points') return { type: 'MultiPoint', coordinates: of.points }
  if (of.kind === 'point') return { type: 'Point', coordinates: of.points[0]! }
  if (of.kind === 'line') return { type: 'LineString', coordinates: of.points }
  return { type: 'Polygon', coordinates: [[...of.points, of.points[0]!]] }
}
