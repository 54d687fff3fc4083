import { readFileSync, writeFileSync } from 'node:fs'

/** Linux counts in hundredths of a second (USER_HZ). */
const ticksPerSecond = 100

/** CPU seconds of a process so far: its threads, user and system, and those of its children that have ended. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // the name of the program, in brackets, may hold spaces
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = [11, 12, 13, 14].map((place) => Number(fields[place]))
  return ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond
}

/** From here on `peakMiB` counts anew. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** The most memory that was resident since `resetPeak`. */
export function peakMiB(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

/** What the processes at both ends cost from now until the returned function is called. `process.pid`: our own children. */
export function watchUsage(ends: Readonly<Record<string, number>>) {
  const pids = Object.entries(ends)
  const before = pids.map(([, pid]) => cpuSeconds(pid))
  for (const [, pid] of pids) if (pid !== process.pid) resetPeak(pid)
  return (): { cpu: Record<string, number>; peakMiB: number } => ({
    cpu: Object.fromEntries(pids.map(([end, pid], i) => [end, cpuSeconds(pid) - (before[i] ?? 0)])),
    peakMiB: Math.max(...pids.map(([, pid]) => (pid === process.pid ? 0 : peakMiB(pid)))),
  })
}
