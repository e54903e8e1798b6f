import type { Map } from 'maplibre-gl'

import { CASE_COLOURS, CONFLICT_COLOURS, PLAN_COLOURS, UNREACHABLE_COLOUR, type Palette } from './palette'

/** Outlines in a box of 24 × 24, drawn alike on the map and in the legend. */
const SHAPES = {
  circle: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16z',
  square: 'M5 5h14v14H5z',
  triangle: 'M12 3.5L21 19.5H3z',
  diamond: 'M12 2.5L21.5 12L12 21.5L2.5 12z',
  cross: 'M9 3h6v6h6v6h-6v6H9v-6H3V9h6z',
  pentagon: 'M12 3L21 9.8L17.5 20.2H6.5L3 9.8z',
  hexagon: 'M7 3.8h10L22 12L17 20.2H7L2 12z',
  star: 'M12 2l2.9 6.6 7.1.7-5.4 4.7 1.6 7L12 17.3 5.8 21l1.6-7L2 9.3l7.1-.7z',
  wedge: 'M3 4.5h18L12 20.5z',
  house: 'M12 3L21 11H18V20.5H6V11H3z',
} as const

const POINT_SHAPES: Record<string, keyof typeof SHAPES> = {
  elderly_service_point: 'circle',
  elderly_service_centre: 'star',
  meal_point: 'triangle',
  community_canteen: 'wedge',
  day_care_centre: 'square',
  elderly_care_home: 'pentagon',
  activity_room: 'hexagon',
  medical: 'cross',
  service_desk: 'diamond',
  property_service_station: 'house',
}

export const POINT_TYPES = Object.keys(POINT_SHAPES)
export const POINT_STATUSES = ['open', 'planned', 'closed']
export const CASE_KINDS = ['event', 'component']

export function pointPath(type: string): string {
  return SHAPES[POINT_SHAPES[type] ?? 'circle']
}

export function casePath(kind: string): string {
  return kind === 'component' ? SHAPES.diamond : SHAPES.circle
}

/** What tells the looks of cases apart without colour: a mark of exclamation, the hands of a clock, a bar of rest, a tick. */
const CASE_SIGNS: Record<string, string> = {
  overdue: 'M12 7.5v5.2M12 16.4v.1',
  due_soon: 'M12 7.5V12l3.2 2.4',
  no_deadline: 'M9.2 12h.1M14.8 12h.1',
  suspended: 'M9.7 8.8v6.4M14.3 8.8v6.4',
  ended: 'M8.6 12.2l2.4 2.4 4.4-4.8',
}

export function caseSign(look: string): string | undefined {
  return CASE_SIGNS[look]
}

const SIZE = 48
const PIXEL_RATIO = 2

function drawn(draw: (context: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = SIZE
  const context = canvas.getContext('2d')!
  context.scale(SIZE / 24, SIZE / 24)
  context.lineJoin = 'round'
  draw(context)
  return context.getImageData(0, 0, SIZE, SIZE)
}

function scaled(context: CanvasRenderingContext2D, factor: number): void {
  context.translate(12 * (1 - factor), 12 * (1 - factor))
  context.scale(factor, factor)
}

function drawPoint(context: CanvasRenderingContext2D, type: string, status: string, palette: Palette): void {
  const path = new Path2D(pointPath(type))
  if (status === 'planned') {
    context.strokeStyle = palette.point
    context.lineWidth = 1.6
    context.fillStyle = palette.pointPaper
    const ring = new Path2D('M12 1.2a10.8 10.8 0 1 0 0 21.6a10.8 10.8 0 1 0 0-21.6z')
    context.fill(ring)
    context.stroke(ring)
    scaled(context, 0.55)
    context.fillStyle = palette.point
    context.fill(path)
    return
  }
  scaled(context, 0.86)
  context.lineWidth = status === 'closed' ? 2.4 : 2
  context.fillStyle = status === 'closed' ? palette.pointPaper : palette.point
  context.strokeStyle = status === 'closed' ? UNREACHABLE_COLOUR : palette.pointPaper
  context.fill(path)
  context.stroke(path)
}

function drawCase(context: CanvasRenderingContext2D, kind: string, look: string, palette: Palette): void {
  const path = new Path2D(casePath(kind))
  const colour = CASE_COLOURS[look] ?? UNREACHABLE_COLOUR
  const hollow = look === 'ended'
  scaled(context, 0.86)
  context.fillStyle = hollow ? palette.pointPaper : colour
  context.strokeStyle = hollow ? colour : '#FFFFFF'
  context.lineWidth = 2
  context.fill(path)
  context.stroke(path)
  context.strokeStyle = hollow ? colour : '#FFFFFF'
  context.lineWidth = 2.4
  context.lineCap = 'round'
  context.stroke(new Path2D(caseSign(look) ?? ''))
}

const PLAN_LETTERS = ['A', 'B', 'C', 'D']

/** A disc of as many equal sectors as plans have the point, each in the colour of its plan. */
function drawPlans(context: CanvasRenderingContext2D, of: number[], palette: Palette): void {
  const turn = (2 * Math.PI) / of.length
  of.forEach((plan, index) => {
    context.beginPath()
    if (of.length > 1) context.moveTo(12, 12)
    context.arc(12, 12, 9.5, index * turn - Math.PI / 2, (index + 1) * turn - Math.PI / 2)
    context.closePath()
    context.fillStyle = PLAN_COLOURS[plan]!
    context.fill()
    context.strokeStyle = palette.pointPaper
    context.lineWidth = 1.6
    context.stroke()
  })
  context.fillStyle = '#FFFFFF'
  context.font = `600 ${of.length > 1 ? 7 : 11}px sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  of.forEach((plan, index) => {
    const angle = (index + 0.5) * turn - Math.PI / 2
    const out = of.length > 1 ? 5.4 : 0
    context.fillText(PLAN_LETTERS[plan]!, 12 + out * Math.cos(angle), 12.4 + out * Math.sin(angle))
  })
}

/** Every choice of some of the plans side by side. */
const PLAN_SETS = Array.from({ length: 2 ** PLAN_LETTERS.length - 1 }, (_, bits) => PLAN_LETTERS.flatMap((_letter, plan) => (((bits + 1) >> plan) & 1 ? [plan] : [])))

function drawHatch(context: CanvasRenderingContext2D, palette: Palette): void {
  const disc = new Path2D('M12 6a6 6 0 1 0 0 12a6 6 0 1 0 0-12z')
  context.fillStyle = palette.pointPaper
  context.fill(disc)
  context.save()
  context.clip(disc)
  context.strokeStyle = UNREACHABLE_COLOUR
  context.lineWidth = 1.6
  for (let offset = -12; offset <= 12; offset += 4) {
    context.stroke(new Path2D(`M${offset} 24L${offset + 24} 0`))
  }
  context.restore()
  context.strokeStyle = UNREACHABLE_COLOUR
  context.lineWidth = 1.4
  context.stroke(disc)
}

const HATCH_PX = 8

/** A tile of parallel lines that fits itself on all sides, falling or rising to the right. */
function hatch(colour: string, rising: boolean): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = HATCH_PX * PIXEL_RATIO
  const context = canvas.getContext('2d')!
  context.scale(PIXEL_RATIO, PIXEL_RATIO)
  if (rising) {
    context.translate(HATCH_PX, 0)
    context.scale(-1, 1)
  }
  context.strokeStyle = colour
  context.lineWidth = 1.1
  for (const offset of [-HATCH_PX, 0, HATCH_PX]) {
    context.stroke(new Path2D(`M${offset - 2} -2L${offset + HATCH_PX + 2} ${HATCH_PX + 2}`))
  }
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

/** Give the map all its symbols, or replace them after a change of theme. */
export function addSymbols(map: Map, palette: Palette): void {
  const put = (name: string, image: ImageData) => {
    if (map.hasImage(name)) map.removeImage(name)
    map.addImage(name, image, { pixelRatio: PIXEL_RATIO })
  }
  for (const type of POINT_TYPES)
    for (const status of POINT_STATUSES)
      put(
        `point/${type}/${status}`,
        drawn((context) => drawPoint(context, type, status, palette)),
      )
  for (const kind of CASE_KINDS)
    for (const look of Object.keys(CASE_COLOURS))
      put(
        `case/${kind}/${look}`,
        drawn((context) => drawCase(context, kind, look, palette)),
      )
  for (const of of PLAN_SETS)
    put(
      `plans/${of.map((plan) => PLAN_LETTERS[plan]).join('')}`,
      drawn((context) => drawPlans(context, of, palette)),
    )
  put('hatch/removed', hatch(palette.removed, false))
  put('hatch/added', hatch(palette.added, true))
  for (const [kind, colour] of Object.entries(CONFLICT_COLOURS)) put(`hatch/conflict/${kind}`, hatch(colour, true))
  put('hatch/overridden', hatch(palette.label, true))
  put(
    'hatched',
    drawn((context) => drawHatch(context, palette)),
  )
}
