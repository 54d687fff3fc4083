import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const program = `
const { createReadStream, readFileSync, statSync } = require('node:fs')
const [, file, certificate, key] = process.argv
const server = require('node:https').createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, answer) => {
  answer.writeHead(200, { 'content-length': statSync(file).size })
  createReadStream(file).pipe(answer)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

/** Node's own HTTPS server that sends one file to whoever asks, in a process of its own: what nothing of ours costs. */
export class FileServer implements AsyncDisposable {
  readonly pid: number
  readonly origin: string
  readonly #process: ChildProcess

  private constructor(options: { origin: string }, process: ChildProcess) {
    this.origin = options.origin
    this.pid = process.pid ?? 0
    this.#process = process
  }

  /** `tlsDir` holds the certificate and key it shows. */
  static async start({ file, tlsDir }: { file: string; tlsDir: string }): Promise<FileServer> {
    const args = ['-e', program, file, join(tlsDir, 'certificate.pem'), join(tlsDir, 'key.pem')]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [port] = (await once(child.stdout, 'data')) as [Buffer]
    return new FileServer({ origin: `https://127.0.0.1:${port.toString().trim()}` }, child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill()
    await gone
  }
}
