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

/**
 * Which part of the machine's CPUs others took since the call, 0 to 1: the only honest word on how quiet it was, for the
 * load average lags and counts the bench itself. Every process of ours must have ended.
 */
export function watchOthers(): () => number {
  const before = machine()
  const own = cpuSeconds(process.pid)
  return () => {
    const { busy, all } = machine()
    const others = busy - before.busy - (cpuSeconds(process.pid) - own)
    return Math.max(0, others / (all - before.all))
  }
}

/** CPU seconds of all cores since the start of the machine: user, nice, system, idle, iowait, irq, softirq, steal. */
function machine(): { busy: number; all: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const seconds = line
    .trim()
    .split(/ +/)
    .slice(1, 9)
    .map((ticks) => Number(ticks) / ticksPerSecond)
  const all = seconds.reduce((sum, each) => sum + each, 0)
  return { all, busy: all - (seconds[3] ?? 0) - (seconds[4] ?? 0) }
}

/** From here on `peakMiB` counts anew. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** The most memory that was resident since `resetPeak`. */
export const peakMiB = (pid: number): number => statusMiB(pid, /^VmHWM:\s+(\d+) kB$/m)

/** What is resident now. */
export const residentMiB = (pid: number): number => statusMiB(pid, /^VmRSS:\s+(\d+) kB$/m)

function statusMiB(pid: number, line: RegExp): number {
  const [, kibibytes] = line.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
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
