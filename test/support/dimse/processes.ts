import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transferSyntax, verificationClass } from '@twiin/dimse'
import type { ClientTls } from '@twiin/dimse'
import { splitPart10 } from '../part10.ts'
import { associate } from './test-archive.ts'
import { wholeFiles } from './whole-file.ts'
import type { WholeFile } from './whole-file.ts'

export const run = promisify(execFile)
// Without it Nagle costs 40 ms for every message.
const env = { ...process.env, TCP_NODELAY: '1' }

/** A tool's output; rejects when it fails. */
export async function dcmtk(tool: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(`/usr/bin/${tool}`, args, { env, maxBuffer: 2 ** 26 })
  return stdout + stderr
}

export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'twiin-interop-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Every DICOM file in a folder. */
export async function readFolder(folder: string): Promise<WholeFile[]> {
  return wholeFiles(await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name)))))
}

const verification = {
  abstractSyntax: verificationClass,
  transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
}

/** Starts a peer and waits until it answers C-ECHO. */
export async function startPeer(
  aeTitle: string,
  port: number,
  command: string,
  args: readonly string[],
  options: { cwd?: string; tls?: ClientTls } = {},
) {
  const child = spawn(command, args, { stdio: 'ignore', env, ...options })
  const exited = once(child, 'exit')
  const peer = { host: '127.0.0.1', port, ...(options.tls !== undefined && { tls: options.tls }) }
  for (let ready = false; !ready;) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${child.exitCode}`)
    const association = await associate(aeTitle, peer, [verification]).catch(() => undefined)
    ready = (await association?.echo().catch(() => undefined)) === 0
    await association?.release()
    if (!ready) await new Promise((resolve) => setTimeout(resolve, 50)) // nothing tells that a foreign process listens
  }
  const stop = async () => {
    child.kill()
    await exited
  }
  return { ...peer, aeTitle, [Symbol.asyncDispose]: stop }
}

/** A storescp that writes to disk what comes over the wire. */
export async function storescp(folder: string, more: { args?: readonly string[]; tls?: ClientTls } = {}) {
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const args = ['+B', '+xa', '+uf', '-od', folder, ...(more.args ?? []), String(port)]
  return startPeer(
    'STORESCP',
    port,
    '/usr/bin/storescp',
    args,
    more.tls === undefined ? {} : { tls: more.tls },
  )
}

/** DCMTK's small archive, that knows us as a destination. `letter`: the transfer syntax it takes and gives. */
export async function dcmqrscp(folder: string, us: { aeTitle: string; port: number }, letter: string) {
  const port = await freePort()
  await mkdir(join(folder, 'db'), { recursive: true })
  const configuration = [
    `NetworkTCPPort = ${port}`,
    'MaxPDUSize = 131072',
    'MaxAssociations = 16',
    'HostTable BEGIN',
    `us = (${us.aeTitle}, 127.0.0.1, ${us.port})`,
    'HostTable END',
    'AETable BEGIN',
    `QRSCP ${join(folder, 'db')} RW (500, 1024mb) ANY`,
    'AETable END',
  ]
  await writeFile(join(folder, 'dcmqrscp.cfg'), `${configuration.join('\n')}\n`)
  const args = ['+B', `+x${letter}`, `-x${letter}`, '-c', join(folder, 'dcmqrscp.cfg')]
  return startPeer('QRSCP', port, '/usr/bin/dcmqrscp', args, { cwd: folder })
}

/**
 * What DCMTK makes of a data set when it reads it, writes it, and means the same: no group lengths, no padding, lengths
 * computed anew, and in Explicit VR Little Endian what is not compressed.
 */
export async function asDcmtkWrites(file: Buffer): Promise<Buffer> {
  await using folder = await temporaryFolder()
  const [from, to] = ['from.dcm', 'to.dcm'].map((name) => join(folder.path, name)) as [string, string]
  await writeFile(from, file)
  const isPlain = uncompressed.has(splitPart10(file)?.transferSyntaxUid ?? '')
  await dcmtk('dcmconv', '-g', '-p', '+e', ...(isPlain ? ['+te'] : []), from, to)
  return splitPart10(await readFile(to))?.dataSet ?? Buffer.alloc(0)
}

const uncompressed = new Set<string>([
  transferSyntax.implicitVrLittleEndian,
  transferSyntax.explicitVrLittleEndian,
  transferSyntax.explicitVrBigEndian,
  transferSyntax.deflatedExplicitVrLittleEndian,
])
