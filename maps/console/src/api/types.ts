export interface Edition {
  edition_id: number
  subject: string
  name: string
  source: string
  synthetic: boolean
  datum: string
  counting: string | null
  valid_from: string
  valid_to: string | null
  content_sha256: string
  imported_at: string
}

export interface Folder {
  synthetic: boolean
  empty: boolean
  form: 'exact' | 'public'
  suppression_threshold: number | null
  extent: [number, number, number, number] | null
  metric_crs: string | null
  version: string
  editions: Edition[]
}

export interface AreaLite {
  code: string
  name: string
  level: string
}

export interface Area extends AreaLite {
  kind: string | null
  mode: string | null
  parent_code: string | null
  area_m2: number
  edition: string
  valid_from: string
  valid_to: string | null
  bbox: [number, number, number, number]
  centre: [number, number]
}

export interface AreaDetail extends Area {
  children: AreaLite[]
}

export interface CaseRecord {
  case_no: string
  kind: string
  type: string
  status: string
  reported_at: string
  due_at: string | null
  closed_at: string | null
  lon: number
  lat: number
  areas: AreaLite[]
}

export interface Page<T> {
  items: T[]
  next: string | null
}

export interface Profile {
  name: string
  speed_m_per_s: number
  source: string
}

export interface BandFigures {
  limit_s: number
  covered: number | null
  ratio: number | null
}

export interface Counts {
  residents: number | null
  covered: number | null
  uncovered: number | null
  not_connectable: number | null
  outside: number | null
  ratio: number | null
  bands: BandFigures[]
}

export interface AgeBandFigures extends Counts {
  band: string
}

export interface Figures extends Counts {
  places: number | null
  age_bands: AgeBandFigures[]
  suppressed: string[]
}

export interface AreaFigures {
  code: string
  name: string
  parent_code: string | null
  area_m2: number
  figures: Figures
}

export interface LevelFigures {
  level: string
  areas: AreaFigures[]
  remainder: Figures | null
}

export interface UncoveredPlace {
  place_no: number
  lon: number
  lat: number
  residents: number
  status: string
  walk_time_s: number | null
  nearest_point_code: string | null
  nearest_point_name: string | null
  area_codes: Record<string, string>
}

export interface Note {
  code: string
  fields: Record<string, string | number | boolean>
}

export interface InputEdition {
  subject: string
  name: string
  source: string
  synthetic: boolean
  datum: string
  counting: string | null
  valid_from: string
  content_sha256: string
  level: string | null
}

export interface PointRecord {
  code: string
  name: string
  type: string
  status: string
  connectable: boolean
  reason: string | null
}

export interface CoverageReport {
  form: 'exact' | 'public'
  suppression_threshold: number | null
  synthetic: boolean
  parameters: {
    limit_s: number
    bands_s: number[]
    profile: string
    speed_m_per_s: number
    area_code: string | null
    types: string[]
    connection_limit_m: number
  }
  inputs: InputEdition[]
  counts: 'residents' | 'places'
  counting: string
  totals: Figures
  levels: LevelFigures[]
  service_points: { total: number; connectable: number; listed: PointRecord[] }
  uncovered_places: { count: number; residents: number; listed: UncoveredPlace[] } | null
  notes: Note[]
  provenance: { code_version: string; input_sha256: string }
}

export interface RunSummary {
  run_id: number
  job_id: number
  state: string
  created_at: string
  finished_at: string | null
}

export interface Run extends RunSummary {
  stale: boolean
  stale_because: string[]
  report: CoverageReport | null
}

export interface Job {
  job_id: number
  state: string
  stage: string | null
  progress: number
  error: { title?: string; detail?: string } | null
}

export interface PlaceWhy {
  place_id: number
  status: string
  walk_time_s: number | null
  snap_distance_m: number | null
  residents: number | null
  nearest_point: { code: string; name: string; type: string } | null
  areas: AreaLite[]
}

export interface RunRequest {
  minutes: number
  profile: string
  types: string[]
  area: string | null
}

export interface RunAccepted {
  job_id: number
  run_id: number
}
