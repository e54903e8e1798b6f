import { onBeforeUnmount, shallowRef, watchEffect } from 'vue'

/** The position that the map marks: that of the place or case in the drawer. */
export const highlight = shallowRef<[number, number] | null>(null)

/** Mark a position while the calling component shows it. */
export function useHighlight(position: () => { lon: number; lat: number } | null): void {
  watchEffect(() => {
    const at = position()
    highlight.value = at && [at.lon, at.lat]
  })
  onBeforeUnmount(() => (highlight.value = null))
}
