import { readFileSync } from 'node:fs'

/** The process of a node in which its pages for recipients run (spec 25 §5); undefined while there is none. Linux only. */
export function doorOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  const isDoor = (child: string) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('twiin-door')
  const found = children.find(isDoor)
  return found === undefined ? undefined : Number(found)
}
