/** What the server answers of indicators, rankings and hot spots. */

/** A count and the address of its cases. */
export interface Counted {
  value: number
  cases: string
}

export interface Rate {
  value: number | null
  /** As the server writes it, `93.72 %`; a dash for 0/0. */
  text: string
  numerator: number
  denominator: number
  cases_numerator: string
  cases_denominator: string
  /** The difference to the compared period, in ratio points. */
  change: number | null
}

export interface Row {
  code: string | null
  name: string
  counts: Record<string, Counted>
  ratios: Record<string, Rate>
  mean_handling_s: { value: number | null; cases: string }
}

export interface Compared {
  period: { from: string; to: string }
  total: Row
  rows: Row[]
}

export interface Definition {
  ratio: string
  name: string
  numerator: string
  denominator: string
  text: string
}

export interface Answer {
  period: { from: string; to: string }
  as_of: string
  by: string | null
  basis: { areas: 'as_reported' | 'on'; areas_on: string | null; note: string | null }
  synthetic: boolean
  notes: string[]
  total: Row
  rows: Row[]
  row_count: number
  next: string | null
  compared: Compared | null
  definitions: Definition[]
}

export interface Rank {
  /** Null for too few cases. */
  rank: number | null
  code: string | null
  name: string
  value: number | null
  text: string
  numerator: number
  denominator: number
  cases_numerator: string
  cases_denominator: string
}

export interface Ranking {
  better: 'higher' | 'lower'
  min_cases: number
  name: string
  rows: Rank[]
}

/** An area that holds more, or fewer, cases together with its neighbours than chance would give it. */
export interface HotArea {
  code: string
  name: string
  bbox: [number, number, number, number]
  class: string
  count: number
  cases: string
  density_per_km2: number
  z: number
  p: number
  adjusted_p: number
}

export interface HotSpots {
  level: string
  tested: number
  false_discovery: number
  areas: HotArea[]
}

export interface RepeatedPlace {
  lon: number
  lat: number
  bbox: [number, number, number, number]
  count: number
  cases: string
  types: { code: string; name: string; count: number }[]
  first: string
  last: string
}

export interface RepeatedPlaces {
  places: RepeatedPlace[]
}
