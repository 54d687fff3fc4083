import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** What V8 writes with --cpu-prof; times in microseconds. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/** Where the processes spent their own time, busiest thread first: a line for each function above one percent. */
export async function topSelfTime(dir: string, threads = 3, lines = 25): Promise<string> {
  const files = (await readdir(dir)).filter((name) => name.endsWith('.cpuprofile'))
  const read = await Promise.all(
    files.map(async (name) =>
      selfTimes(name, JSON.parse(await readFile(join(dir, name), 'utf8')) as CpuProfile),
    ),
  )
  const busiest = read.sort((a, b) => b.busyMs - a.busyMs).slice(0, threads)
  return busiest
    .map(({ name, busyMs, byFunction }) => {
      const shares = [...byFunction].sort((a, b) => b[1] - a[1]).slice(0, lines)
      const list = shares.map(
        ([where, ms]) => `  ${((100 * ms) / busyMs).toFixed(1).padStart(5)} %  ${where}`,
      )
      return [`${name}: busy ${(busyMs / 1000).toFixed(2)} s`, ...list].join('\n')
    })
    .join('\n')
}

function selfTimes(name: string, { nodes, samples, timeDeltas }: CpuProfile) {
  const places = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const file = url === '' ? '' : ` ${url.split('/').slice(-4).join('/')}:${lineNumber + 1}`
      return [id, `${functionName || '(anonymous)'}${file}`]
    }),
  )
  const byFunction = new Map<string, number>()
  let busyMs = 0
  for (const [i, id] of samples.entries()) {
    const where = places.get(id) ?? ''
    if (where === '(idle)' || where === '(root)') continue
    const ms = (timeDeltas[i] ?? 0) / 1000
    busyMs += ms
    byFunction.set(where, (byFunction.get(where) ?? 0) + ms)
  }
  return { name: basename(name), busyMs, byFunction }
}
