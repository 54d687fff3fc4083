/** Our DICOM upper layer against the one that most of the world uses: DCMTK's tools, as Debian ships them. */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DimseServer, dimseStatus, openAssociation, transferSyntax, verificationClass } from '@twiin/dimse'
import type { AssociationInfo, StoreProvider, StoreRequest } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'

const testFiles = '/usr/lib/python3/dist-packages/pydicom/data/test_files'
const installed = ['/usr/bin/storescu', '/usr/bin/storescp', testFiles].every((path) => existsSync(path))
const missing = installed ? '' : ' (skipped: needs the Debian packages dcmtk and python3-pydicom)'
const run = promisify(execFile)
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

interface Part10 {
  sopClassUid: string
  sopInstanceUid: string
  transferSyntaxUid: string
  dataSet: Buffer
}

/** A file with a complete meta header (PS3.10 §7.1), which is always Explicit VR Little Endian. */
function splitPart10(file: Buffer): Part10 | undefined {
  if (file.toString('latin1', 128, 132) !== 'DICM' || file.readUInt32LE(132) !== 0x00000002) return undefined
  const end = 144 + file.readUInt32LE(140)
  const values = new Map<number, string>()
  for (let at = 144; at < end;) {
    const long = ['OB', 'UN'].includes(file.toString('latin1', at + 4, at + 6))
    const length = long ? file.readUInt32LE(at + 8) : file.readUInt16LE(at + 6)
    const start = at + (long ? 12 : 8)
    values.set(
      file.readUInt16LE(at + 2),
      file.toString('latin1', start, start + length).replace(/[ \0]+$/, ''),
    )
    at = start + length
  }
  const [sopClassUid = '', sopInstanceUid = '', transferSyntaxUid = ''] = [2, 3, 0x10].map((key) =>
    values.get(key),
  )
  if (sopClassUid === '' || sopInstanceUid === '' || transferSyntaxUid === '') return undefined
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: file.subarray(end) }
}

/** PS3.5 A.5: on the wire a deflated data set of odd length has a NULL at its end. */
function evenly({ transferSyntaxUid, dataSet }: Part10): Buffer {
  const pads = transferSyntaxUid === transferSyntax.deflatedExplicitVrLittleEndian && dataSet.length % 2 === 1
  return pads ? Buffer.concat([dataSet, Buffer.of(0)]) : dataSet
}

async function readFolder(folder: string): Promise<Part10[]> {
  const names = (await readdir(folder)).sort()
  const files = await Promise.all(
    names.map((name) => readFile(join(folder, name)).catch(() => Buffer.alloc(0))),
  )
  return files.filter((file) => file.length > 144).flatMap((file) => splitPart10(file) ?? [])
}

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'twiin-dimse-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Our SCP; keeps what it gets. */
async function ourScp() {
  const stored: { request: StoreRequest; dataSet: Buffer }[] = []
  const ends: string[] = []
  const provider: StoreProvider = {
    admit: ({ calledAe }: AssociationInfo) => (calledAe === 'TWIIN' ? 'accept' : 'called-ae-not-recognized'),
    associationEnded: (_info, how) => void ends.push(how),
    openStore: async (request) => {
      const chunks: Buffer[] = []
      return {
        write: async (chunk) => void chunks.push(chunk),
        finish: async () => {
          stored.push({ request, dataSet: Buffer.concat(chunks) })
          return dimseStatus.success
        },
        abort: async () => {},
      }
    },
  }
  const server = new DimseServer({ host: '127.0.0.1', port: 0 }, { provider, log: silentLogger })
  await server.start()
  return { port: server.address().port, stored, ends, [Symbol.asyncDispose]: () => server.stop() }
}

const verification = {
  abstractSyntax: verificationClass,
  transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
}

function associate(port: number, contexts: { abstractSyntax: string; transferSyntaxes: string[] }[]) {
  const options = { host: '127.0.0.1', port, callingAe: 'TWIIN', calledAe: 'STORESCP', contexts }
  return openAssociation(options, { log: silentLogger })
}

/** A bit-preserving storescp that keeps every object, also two with one UID. */
async function storescp(folder: string, ...options: string[]) {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await mkdir(folder, { recursive: true })
  const child = spawn('/usr/bin/storescp', ['+B', '+xa', '+uf', '-od', folder, ...options, String(port)], {
    stdio: 'ignore',
    env: { ...process.env, TCP_NODELAY: '1' },
  })
  const exited = once(child, 'exit')
  for (let ready = false; !ready;) {
    const association = await associate(port, [verification]).catch(() => undefined)
    ready = (await association?.echo()) === dimseStatus.success
    await association?.release()
    if (child.exitCode !== null) throw new Error(`storescp ended: ${child.exitCode}`)
  }
  const stop = async () => {
    child.kill()
    await exited
  }
  return { port, [Symbol.asyncDispose]: stop }
}

/** Sends the folder; storescu fails on what is no DICOM or beyond it, and goes on. */
async function storescu(port: number, ...options: string[]): Promise<void> {
  const args = ['-nh', '-R', '+sd', ...options, '-aec', 'TWIIN', '127.0.0.1', String(port), testFiles]
  await run('storescu', args, { env: { ...process.env, TCP_NODELAY: '1' }, maxBuffer: 2 ** 26 }).catch(
    () => {},
  )
}

describe.skipIf(!installed)(`DCMTK against our SCP${missing}`, () => {
  it('echoscu is answered; an unknown AE title is told so; an abort is seen as one', async () => {
    await using scp = await ourScp()
    await run('echoscu', ['-aec', 'TWIIN', '--repeat', '3', '127.0.0.1', String(scp.port)])
    const unknown = run('echoscu', ['-v', '-aec', 'NOBODY', '127.0.0.1', String(scp.port)])
    await expect(unknown).rejects.toThrow(/Called AE Title Not Recognized/)
    await run('echoscu', ['--abort', '-aec', 'TWIIN', '127.0.0.1', String(scp.port)])
    expect(scp.ends).toEqual(['released', 'aborted'])
  })

  it.each([[['-pdu', '4096']], [['-pdu', '131072']]])(
    'what storescu %o sends is, byte for byte, what a bit-preserving storescp gets',
    async (options) => {
      await using scp = await ourScp()
      await using folder = await temporaryFolder()
      await using reference = await storescp(folder.path)
      await storescu(scp.port, ...options)
      await storescu(reference.port, ...options)
      const expected = await readFolder(folder.path)
      expect(expected.length).toBeGreaterThan(20)
      const ours = scp.stored.map(({ request, dataSet }) => [
        request.sopInstanceUid,
        request.transferSyntaxUid,
        digest(dataSet),
      ])
      const theirs = expected.map((file) => [
        file.sopInstanceUid,
        file.transferSyntaxUid,
        digest(file.dataSet),
      ])
      expect(ours.map(String).sort()).toEqual(theirs.map(String).sort())
    },
  )
})

describe.skipIf(!installed)(`our SCU against DCMTK${missing}`, () => {
  it.each([[['-pdu', '4096']], [['-pdu', '131072']]])(
    'each file arrives at storescp %o with its data set identical',
    async (options) => {
      await using folder = await temporaryFolder()
      // a file that was cut off at an odd byte is no data set: DCMTK aborts the association for it
      const files = (await readFolder(testFiles)).filter((file) => evenly(file).length % 2 === 0)
      {
        await using scp = await storescp(folder.path, ...options)
        const contexts = files.map((file) => ({
          abstractSyntax: file.sopClassUid,
          transferSyntaxes: [file.transferSyntaxUid],
        }))
        await using association = await associate(scp.port, contexts)
        for (const file of files) {
          expect(association.accepts(file.sopClassUid, file.transferSyntaxUid)).toBe(true)
          const dataSet = async function* () {
            yield file.dataSet
          }
          expect(await association.store({ ...file, dataSet })).toEqual({ status: 0 })
        }
      }
      const arrived = (await readFolder(folder.path)).map((file) => digest(file.dataSet))
      expect(arrived.length).toBeGreaterThan(40)
      expect(arrived.sort()).toEqual(files.map((file) => digest(evenly(file))).sort())
    },
  )
})
