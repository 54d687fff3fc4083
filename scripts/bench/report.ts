import { cpuOf, rateOf, ratioTo, spreadOf } from './compare.ts'
import type { Comparison, Row, Run, Spread } from './compare.ts'

/** One comparison as lines for a terminal. */
export function report({ title, unit, rows, conditions, notes = [] }: Comparison): string {
  const [ours, ...peers] = rows
  if (ours === undefined) return title
  const scale = unit === 'B' ? 1e6 : 1
  const cpuScale = unit === 'B' ? 1e9 : 1
  const cpuUnit = unit === 'B' ? 's/GB' : `${unit}/CPU s`
  const cells = [
    ['', unit === 'B' ? 'MB/s' : `${unit}/s`, 'ours : this', `CPU ${cpuUnit}`, 'peak RSS MiB'],
    ...rows.map((row) => [
      row.name,
      show(spreadOf(row.runs.map((run) => rateOf(run) / scale))),
      row === ours ? '' : show(ratioTo(ours, row)),
      unit === 'B' ? perAmount(row, cpuScale) : perCpuSecond(row),
      peakOf(row.runs),
    ]),
  ]
  return [
    `${title} (n = ${ours.runs.length})`,
    ...table(cells),
    ...conditions.map((line) => `  · ${line}`),
    ...notes.map((line) => `  → ${line}`),
    ...(peers.length === 0 ? ['  · no peer: ask your package manager for dcmtk'] : []),
  ].join('\n')
}

/** The figures that are quoted, for a file. */
export function figuresOf({ title, unit, rows, conditions, notes = [] }: Comparison) {
  const [ours] = rows
  return {
    title,
    unit,
    conditions,
    notes,
    rows: rows.map((row) => ({
      name: row.name,
      rate: spreadOf(row.runs.map(rateOf)),
      ...(ours === undefined || row === ours ? {} : { ratio: ratioTo(ours, row) }),
      runs: row.runs,
    })),
  }
}

/** Seconds of CPU for so much, at each end: 1.20 + 2.31. */
function perAmount({ runs }: Row, scale: number): string {
  const ends = Object.keys(runs[0]?.cpu ?? {})
  const each = ends.map((end) => {
    const { median } = spreadOf(runs.map(({ cpu, amount }) => (cpu[end] ?? 0) / (amount / scale)))
    return `${end} ${digits(median)}`
  })
  return each.join(' + ')
}

function perCpuSecond({ runs }: Row): string {
  const ends = Object.keys(runs[0]?.cpu ?? {})
  const rate = (run: Run, seconds: number) => (seconds > 0 ? run.amount / seconds : NaN)
  const all = digits(spreadOf(runs.map((run) => rate(run, cpuOf(run)))).median)
  if (ends.length < 2) return all
  const each = ends.map(
    (end) => `${end} ${digits(spreadOf(runs.map((run) => rate(run, run.cpu[end] ?? 0))).median)}`,
  )
  return `${all} (${each.join(', ')})`
}

function peakOf(runs: readonly Run[]): string {
  const peaks = runs.flatMap(({ peakMiB }) => (peakMiB === undefined ? [] : [peakMiB]))
  return peaks.length === 0 ? '' : digits(Math.max(...peaks))
}

function show({ median, min, max }: Spread): string {
  return `${digits(median)} [${digits(min)}–${digits(max)}]`
}

function digits(value: number): string {
  if (value < 0.1) return value.toPrecision(1)
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** Columns below each other; one with nothing under its head is left out. */
function table(cells: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = cells
  const columns = head.flatMap((_, column) => (body.some((row) => row[column] !== '') ? [column] : []))
  const lines = cells.map(() => ' ')
  for (const column of columns) {
    const width = Math.max(...cells.map((row) => row[column]?.length ?? 0))
    const pad = (cell: string) => (column === 0 ? cell.padEnd(width) : cell.padStart(width))
    for (const [i, row] of cells.entries()) lines[i] += ` ${pad(row[column] ?? '')}  `
  }
  return lines.map((line) => line.trimEnd())
}
