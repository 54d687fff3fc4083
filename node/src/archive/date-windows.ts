import type { DateWindow } from './archive-source.ts'

/** A year, a month or a day, as `2024`, `2024-05` or `2024-05-17`: what one question covers. */
export type WindowName = string

export function windowOf(name: WindowName): DateWindow {
  if (name.length === 10) return { from: name, until: name }
  if (name.length === 4) return { from: `${name}-01-01`, until: `${name}-12-31` }
  const [year = 0, month = 0] = name.split('-').map(Number)
  return { from: `${name}-01`, until: new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) }
}

/** The windows that a window which is too large is asked in, newest first; none for a day. */
export function partsOf(name: WindowName): WindowName[] {
  if (name.length === 10) return []
  if (name.length === 4) return twelve.map((month) => `${name}-${month}`)
  const days = Number(windowOf(name).until.slice(8))
  return Array.from({ length: days }, (_, i) => `${name}-${String(days - i).padStart(2, '0')}`)
}

/** Years from the latest to the first, newest first. A machine whose clock is ahead dates its studies in the next year. */
export function yearsBack(today: string, first: string): WindowName[] {
  const latest = Number(today.slice(0, 4)) + 1
  const oldest = Math.min(Number(first.slice(0, 4)), latest)
  return Array.from({ length: latest - oldest + 1 }, (_, i) => String(latest - i).padStart(4, '0'))
}

const twelve = Array.from({ length: 12 }, (_, i) => String(12 - i).padStart(2, '0'))
