import type * as GeoJSON from 'geojson'
import { shallowRef } from 'vue'

/**
 * Where the map should go next: a box or a point with a zoom.
 * `bare` when no drawer opens along with it, `stay` when it is not to be brought to the front on a narrow screen.
 */
export type CameraWish = ({ bbox: [number, number, number, number] } | { centre: [number, number]; zoom: number }) & { bare?: boolean; stay?: boolean }

export const cameraWish = shallowRef<CameraWish | null>(null)

/** The box that the map shows, west, south, east, north; null before it is drawn. */
export const mapBox = shallowRef<[number, number, number, number] | null>(null)

export function showBox(bbox: [number, number, number, number]): void {
  cameraWish.value = { bbox }
}

/** Go to the box that a list is about: nothing opens, and on a narrow screen the list stays. */
export function showAround(bbox: [number, number, number, number]): void {
  cameraWish.value = { bbox, bare: true, stay: true }
}

/** Go to a surface without opening anything. */
export function showSurface({ coordinates }: GeoJSON.MultiPolygon): void {
  const [lons, lats] = [0, 1].map((axis) => coordinates.flat(2).map((position) => position[axis]!)) as [number[], number[]]
  cameraWish.value = { bbox: [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], bare: true }
}

/** Go to where some lines and points are, without opening anything. */
export function showSurroundings(features: GeoJSON.Feature[]): void {
  const positions = features.flatMap(({ geometry }) => (geometry.type === 'LineString' ? geometry.coordinates : geometry.type === 'Point' ? [geometry.coordinates] : []))
  if (positions.length) showSurface({ type: 'MultiPolygon', coordinates: [[positions]] })
}

/** Go to a point without opening anything. */
export function lookAt(lon: number, lat: number, zoom: number): void {
  cameraWish.value = { centre: [lon, lat], zoom, bare: true }
}

export function showPoint(lon: number, lat: number, zoom = 15.5): void {
  cameraWish.value = { centre: [lon, lat], zoom }
}
