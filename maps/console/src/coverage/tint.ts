import { computed } from 'vue'

import { accessTint } from './access'
import { comparedTint } from './compared'
import { indicatorTint } from '../indicators/shade'
import type { LayerGroup } from '../map/style'
import { sitingTint } from '../siting/picture'
import { part } from './parts'

/** Colours of areas by another number than the share reached, with what the legend says of them. */
export interface Tint {
  title: string
  classes: { colour: string; words: string }[]
  /** By code of the area. */
  colours: [string, string][]
  words: [string, string][]
  /** The colour of areas that it tells nothing of; grey without it. */
  others?: string
  /** The layer that it is part of; that of the share reached without it. */
  group?: LayerGroup
}

/** What the open part or page colours the areas by; null for the share reached. */
export const tint = computed((): Tint | null => {
  if (part.value === 'access') return accessTint.value
  return part.value === 'compare' ? comparedTint.value : (indicatorTint.value ?? sitingTint.value)
})
