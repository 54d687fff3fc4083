import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'

/**
 * What the node says of its event loop, and what the system says of its memory. On a machine that is busy with others a
 * stall lasts as much longer as the node has to wait for a core: `ownStallMs` is what it would have lasted alone.
 */
export class Watch {
  readonly #hospital: NetworkHospital
  stallMs = 0
  ownStallMs = 0
  rssMiB = 0
  #before = { ran: 0, waited: 0 }

  constructor(of: NetworkHospital) {
    this.#hospital = of
  }

  reset(): void {
    this.stallMs = 0
    this.ownStallMs = 0
    this.rssMiB = 0
  }

  async look(): Promise<void> {
    const metrics = await metricsOf(this.#hospital.web)
    const lag = /^twiin_nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(metrics)?.[1]
    this.stallMs = Math.max(this.stallMs, Number(lag) * 1000)
    this.ownStallMs = Math.max(this.ownStallMs, Number(lag) * 1000 * (await this.#share()))
    const status = await readFile(`/proc/${this.#hospital.pid}/status`, 'utf8')
    this.rssMiB = Math.max(this.rssMiB, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
  }

  /** Of the time since it was asked last, in which the node's main thread wanted a core, how much it had one. */
  async #share(): Promise<number> {
    const { pid } = this.#hospital
    const times = await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').catch(() => '')
    const [ran = 0, waited = 0] = times.split(' ').map(Number)
    const [running, waiting] = [ran - this.#before.ran, waited - this.#before.waited]
    this.#before = { ran, waited }
    return running > 0 ? running / (running + waiting) : 1
  }
}

async function metricsOf({ url, caFile }: { url: string; caFile: string }): Promise<string> {
  const ca = await readFile(caFile, 'utf8')
  return new Promise((resolve, reject) => {
    const call = get(new URL('/metrics', url), { ca }, (answer) => void text(answer).then(resolve, reject))
    call.on('error', reject)
  })
}
