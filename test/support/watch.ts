import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'

/** What the node says of its event loop, and what the system says of its memory. */
export class Watch {
  readonly #hospital: NetworkHospital
  stallMs = 0
  rssMiB = 0

  constructor(of: NetworkHospital) {
    this.#hospital = of
  }

  reset(): void {
    this.stallMs = 0
    this.rssMiB = 0
  }

  async look(): Promise<void> {
    const metrics = await metricsOf(this.#hospital.web)
    const lag = /^twiin_nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(metrics)?.[1]
    this.stallMs = Math.max(this.stallMs, Number(lag) * 1000)
    const status = await readFile(`/proc/${this.#hospital.pid}/status`, 'utf8')
    this.rssMiB = Math.max(this.rssMiB, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
  }
}

async function metricsOf({ url, caFile }: { url: string; caFile: string }): Promise<string> {
  const ca = await readFile(caFile, 'utf8')
  return new Promise((resolve, reject) => {
    const call = get(new URL('/metrics', url), { ca }, (answer) => void text(answer).then(resolve, reject))
    call.on('error', reject)
  })
}
