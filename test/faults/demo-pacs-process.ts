import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { programFile } from '../../scripts/demo-network/child-processes.ts'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'
import { isAlive } from '../support/demo.ts'
import { until } from '../support/node-api.ts'

const scripts = join(import.meta.dirname, '../../scripts/demo-network')

/** Kills the demo PACS of a hospital; its port is free afterwards. network.json does not tell its process, /proc does. */
export async function killPacs({ pacs }: NetworkHospital): Promise<void> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const isIt = words.some((word) => /demo-pacs\.[jt]s$/.test(word)) && words.includes(pacs.dir)
    if (!isIt) continue
    process.kill(Number(name), 'SIGKILL')
    await until(() => !isAlive(Number(name)), { timeoutMs: 10_000, what: 'PACS is gone' })
  }
}

/** A demo PACS on the place of one that was killed, with what that one had. */
export class DemoPacs implements AsyncDisposable {
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  static async start({ pacs }: NetworkHospital): Promise<DemoPacs> {
    const flags = ['--disable-warning=ExperimentalWarning', '--import', join(scripts, 'exit-with-parent.mjs')]
    const args = [programFile('demo-pacs'), pacs.host, String(pacs.port), pacs.aeTitle, pacs.dir]
    const started = new DemoPacs(
      spawn(process.execPath, [...flags, ...args], { stdio: ['pipe', 'ignore', 'ignore'] }),
    )
    await until(() => listens(pacs), { timeoutMs: 10_000, what: 'PACS listens' })
    return started
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }
}

async function listens({ host, port }: { host: string; port: number }): Promise<boolean> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
