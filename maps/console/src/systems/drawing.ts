import type { LayerSpecification, SourceSpecification } from 'maplibre-gl'
import { onBeforeUnmount, shallowRef, watchEffect } from 'vue'

import type { LayerGroup } from '../map/style'

/** What a part of the page of systems draws on the map while it is shown, and what a click on a layer of it does. */
export interface Drawing {
  sources: Record<string, SourceSpecification>
  layers: LayerSpecification[]
  clicks: Record<string, (properties: Record<string, unknown>) => void>
  /** Layers that the reader may hide by a group of the map's list. */
  groups?: Record<string, LayerGroup>
}

export const drawing = shallowRef<Drawing | null>(null)

/** Draw something while the calling component is shown. */
export function useDrawing(make: () => Drawing): void {
  watchEffect(() => (drawing.value = make()))
  onBeforeUnmount(() => (drawing.value = null))
}
