import { shallowRef } from 'vue'

/** Where the map should go next: a box or a point with a zoom. */
export type CameraWish = { bbox: [number, number, number, number] } | { centre: [number, number]; zoom: number }

export const cameraWish = shallowRef<CameraWish | null>(null)

export function showBox(bbox: [number, number, number, number]): void {
  cameraWish.value = { bbox }
}

export function showPoint(lon: number, lat: number, zoom = 15.5): void {
  cameraWish.value = { centre: [lon, lat], zoom }
}
