import { shallowRef } from 'vue'

/** Where the map should go next: a box or a point with a zoom; `bare` when no drawer opens along with it. */
export type CameraWish = ({ bbox: [number, number, number, number] } | { centre: [number, number]; zoom: number }) & { bare?: boolean }

export const cameraWish = shallowRef<CameraWish | null>(null)

export function showBox(bbox: [number, number, number, number]): void {
  cameraWish.value = { bbox }
}

/** Go to a point without opening anything. */
export function lookAt(lon: number, lat: number, zoom: number): void {
  cameraWish.value = { centre: [lon, lat], zoom, bare: true }
}

export function showPoint(lon: number, lat: number, zoom = 15.5): void {
  cameraWish.value = { centre: [lon, lat], zoom }
}
