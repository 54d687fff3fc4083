import { readFileSync } from 'node:fs'

/** The process of a node in which its pages for recipients run (spec 25 §5). Throws while there is none. Linux only. */
export function doorOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  const isDoor = (child: string) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('twiin-door')
  const found = children.find(isDoor)
  if (found === undefined) throw new Error(`process ${pid} has no door for recipients`)
  return Number(found)
}
