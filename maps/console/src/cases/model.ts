import type { AreaLite } from '../api/schema'

/** What the server tells of cases, as far as the pages read it. */
export interface CaseRow {
  case_no: string
  version: number
  kind: string
  type: string
  type_name: string
  source: string
  state: string
  state_text: string
  urgency: string
  reported_at: string
  updated_at: string
  due_at: string | null
  due_provisional: boolean
  closed_at: string | null
  department_code: string | null
  department_name: string | null
  town_code: string | null
  cell_code: string | null
  lon: number
  lat: number
  supervised: boolean
  forced: boolean
  flags: string[]
  duplicate_of: string | null
  photos: number
}

export interface PageOfCases {
  items: CaseRow[]
  next: string | null
  count: { value: number; exact: boolean }
}

export interface DepartmentRow {
  code: string
  name: string
  level: string
  area_code: string | null
}

export interface CaseTypeRow {
  code: string
  name: string
  kind: string
  class_name?: string
  conditions?: Condition[]
}

export interface Condition {
  no: number
  text: string
  amount: number
  unit: string
  closing: string | null
}

export interface LegalMove {
  move: string
  text: string
  needs: string[]
  takes?: string[]
}

export interface Task {
  department_code: string
  department_name: string
  lead: boolean
  state: string
  due_at: string | null
  done_at: string | null
}

export interface Timer {
  stage: string
  used_s: number
  limit_s: number | null
  unit: string | null
  running: boolean
}

export interface Request {
  kind: string
  department_code: string | null
  reason: string | null
  due_at: string | null
  at: string
}

export interface CaseDetail extends CaseRow {
  description: string | null
  address: string | null
  fields: Record<string, unknown>
  areas: AreaLite[]
  condition_no: number | null
  condition_text: string | null
  registered_at: string | null
  dispatched_at: string | null
  handled_at: string | null
  rework_count: number
  send_back_count: number
  extension_count: number
  reopen_count: number
  satisfied: boolean | null
  tasks: Task[]
  timers: Timer[]
  moves: LegalMove[]
  requests: Request[]
  duplicates: string[]
  component: { code: string; name: string } | null
}

export interface LogEntry {
  version: number
  move: string
  move_text: string
  state: string
  at: string
  actor: string
  post: string | null
  department_code: string | null
  reason: string | null
  facts: Record<string, unknown>
}

export interface CasePhoto {
  photo: string
  kind: string
  width_px: number
  height_px: number
  at: string
}

export interface CaseTypeDetail extends CaseTypeRow {
  conditions: Condition[]
}

export interface Routing {
  department_code: string | null
  department_name: string | null
  why: string[]
}

export interface DuplicateRow {
  case_no: string
  distance_m: number
  type: string
  state: string
  reported_at: string
}

export interface BoardRow {
  code: string | null
  name: string | null
  open: number
  supervised: number
  by_urgency: Record<string, number>
  by_state: Record<string, number>
  oldest_due_at: string | null
}

export interface Board {
  departments: BoardRow[]
  towns: BoardRow[]
  most_overdue: CaseRow[]
}
