/** The colours of the map; the bands and signals are the same in both themes, the ground is not. */
export interface Palette {
  land: string
  water: string
  street: string
  casing: string
  wall: string
  rail: string
  landuse: string
  border: string
  label: string
  halo: string
  point: string
  pointPaper: string
  selection: string
  added: string
  removed: string
  warning: string
  /** Ground within a walking time. */
  ground: string
  /** New points of a siting plan. */
  site: string
}

export const LIGHT: Palette = {
  land: '#F3F1EC',
  water: '#CFE0EA',
  street: '#FFFFFF',
  casing: '#DAD6CD',
  wall: '#B9B2A6',
  rail: '#9C958A',
  landuse: '#E9EBDD',
  border: '#6B7280',
  label: '#1B2430',
  halo: '#FFFFFF',
  point: '#1B2430',
  pointPaper: '#FFFFFF',
  selection: '#0B63CE',
  added: '#1E8449',
  removed: '#C0392B',
  warning: '#B7791F',
  ground: '#6A3FA0',
  site: '#6B2C91',
}

export const DARK: Palette = {
  land: '#171C23',
  water: '#1F3646',
  street: '#323B48',
  casing: '#222932',
  wall: '#4B5461',
  rail: '#5B6470',
  landuse: '#1D2526',
  border: '#9AA7B6',
  label: '#E8ECF1',
  halo: '#12161C',
  point: '#F2F4F7',
  pointPaper: '#12161C',
  selection: '#5AA2F5',
  added: '#58C785',
  removed: '#F08476',
  warning: '#E0AD56',
  ground: '#B79BE8',
  site: '#CFA2F0',
}

/** Walk-time bands from near to far; a run with more bands than colours repeats the last one. */
export const BAND_COLOURS = ['#0B5563', '#2A8C82', '#7CC1A2', '#CFE6C8']
export const BEYOND_COLOUR = '#E07B54'
/** The rim of a place beyond the limit, which tells it apart without colour. */
export const BEYOND_RIM_COLOUR = '#7A2E12'
/** Places that a new point would cover. */
export const NEWLY_COLOUR = '#D81B60'
export const UNREACHABLE_COLOUR = '#8E8E93'

export function bandColour(index: number): string {
  return BAND_COLOURS[Math.min(index, BAND_COLOURS.length - 1)]!
}

/** Share of residents reached, in classes: lower end and colour, from bad to good. */
export const RATIO_CLASSES: [number, string][] = [
  [0, '#D9683F'],
  [0.2, '#EBA27F'],
  [0.4, '#F2D9B8'],
  [0.6, '#B5DBBE'],
  [0.8, '#5FAF97'],
  [0.95, '#1F7A72'],
]

/** Towns by main mode: hues that colour-blind readers tell apart. */
export const MODE_COLOURS: Record<string, string> = { basic_management_unit: '#4477AA', sector: '#AA3377', direct: '#2E9C6E' }
export const MODE_UNDECIDED = '#E0A020'
/** Subdistricts, to which modes do not apply. */
export const MODE_NOT_APPLICABLE = '#A3ABB5'

/** Borders of departments, by their place among all. */
export const DEPARTMENT_COLOURS = ['#5B9BE6', '#1B8A52', '#D08A1A', '#B5459A', '#1E7F90']

/** Kinds of conflict between departments' grids. */
export const CONFLICT_COLOURS: Record<string, string> = { border: '#D1495B', gap: '#E0A020', overlap: '#8B5FC0', sliver: '#6B7787', unassigned: '#A3ABB5' }

/** Responsibility grids, one of eight by their code; pale enough for names to be read on them. */
export const GRID_COLOURS = ['#4477AA', '#EE8866', '#44BB99', '#AA3377', '#BBAA22', '#66CCEE', '#7A5CA8', '#8A6D3B']

/** Cases by how they stand against the clock; each has a sign of its own besides. */
export const CASE_COLOURS: Record<string, string> = {
  overdue: '#C0392B',
  due_soon: '#C77D0A',
  on_time: '#1B8A52',
  no_deadline: '#2471A3',
  suspended: '#7A5CA8',
  ended: '#7A8594',
}

/** How much there is of something, from little to much; the darker the more. */
export const LOAD_COLOURS = ['#E3ECF6', '#B5CDE6', '#7FA8D1', '#4A7FB5', '#1F5491']

/** Areas in which cases gather or are missing beyond chance, by how sure that is. */
export const HOT_COLOURS: Record<string, string> = { hot: '#C4301C', cold: '#2C6DB2' }

/** Capacity for each resident: nothing, then classes from little to much. */
export const ACCESS_COLOURS = ['#D9683F', '#F2D9B8', '#B5DBBE', '#5FAF97', '#1F7A72']

/** How many more residents reach a point in one run than in another: lower end, colour, words. */
export const SHIFT_CLASSES: [number, string, string][] = [
  [-1, '#B2472A', '< −10%'],
  [-0.1, '#EBA27F', '−10%–0'],
  [0, '#E4E2DC', ''],
  [0.0005, '#9CCDE0', '0–10%'],
  [0.1, '#1F6E96', '≥ 10%'],
]

/** Plans side by side, by their place; told apart by letters too. */
export const PLAN_COLOURS = ['#6B2C91', '#D9822B', '#12805C', '#2B6CB0']

/** Gates by how they are at the time that is looked at, with a sign for readers who do not see the colours. */
export const GATE_COLOURS: Record<string, string> = { open: '#1B8A52', residents: '#C77D0A', shut: '#B2342A' }
export const GATE_SIGNS: Record<string, string> = { open: '', residents: '•', shut: '×' }
