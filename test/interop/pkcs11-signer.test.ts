/** The issuing key in a PKCS #11 token: SoftHSM, reached by a signer module as an operator would write one. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const program = resolve(import.meta.dirname, '../../registry/bin/twiin-registry')
const library = '/usr/lib/softhsm/libsofthsm2.so'
const installed = [library, '/usr/bin/softhsm2-util', '/usr/bin/pkcs11-tool'].every((path) =>
  existsSync(path),
)
const missing = installed ? '' : ' (skipped: needs the Debian packages softhsm2 and opensc)'

/** Through OpenSC's pkcs11-tool, so that nothing has to be compiled here; the example in registry/README.md does without. */
const signerModule = `
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
export async function openSigner({ settings: { library, token, label } }) {
  const to = ['--module', library, '--token-label', token, '--login', '--pin', 'env:TOKEN_PIN', '--label', label]
  return {
    async sign(tbs) {
      const folder = await mkdtemp(join(tmpdir(), 'pkcs11-'))
      const files = ['--input-file', join(folder, 'tbs'), '--output-file', join(folder, 'signature')]
      await writeFile(join(folder, 'tbs'), tbs)
      await promisify(execFile)('pkcs11-tool', [...to, '--sign', '--mechanism', 'SHA256-RSA-PKCS', ...files])
      const signature = await readFile(join(folder, 'signature'))
      await rm(folder, { recursive: true })
      return signature
    },
  }
}
`

test.skipIf(!installed)(
  `a registry certifies with a key that is in a PKCS #11 token and nowhere else${missing}`,
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-pkcs11-'))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    const env = {
      ...process.env,
      SOFTHSM2_CONF: join(dir, 'softhsm2.conf'),
      TOKEN_PIN: '1234',
      TWIIN_ROOT_PASSPHRASE: 'root passphrase',
      TWIIN_ISSUING_PASSPHRASE: 'issuing passphrase',
    }
    const call = (command: string, ...args: string[]) => run(command, args, { cwd: dir, env })
    await writeFile(
      join(dir, 'plan.yaml'),
      'dir: one\nrootBits: 2048\nissuingBits: 2048\nhttp: { host: 127.0.0.1, port: 0 }\nlisten: [/ip4/127.0.0.1/tcp/0]\n',
    )
    await call(program, 'ceremony', '--config', 'plan.yaml')

    await mkdir(join(dir, 'tokens'))
    await writeFile(env.SOFTHSM2_CONF, `directories.tokendir = ${join(dir, 'tokens')}\n`)
    const pins = ['--pin', env.TOKEN_PIN, '--so-pin', '12345678']
    await call('softhsm2-util', '--init-token', '--free', '--label', 'one', ...pins)
    const key = join(dir, 'one/authority/issuing-key.pem')
    const naked = join(dir, 'naked.pem')
    await call('openssl', 'pkey', '-in', key, '-passin', 'env:TWIIN_ISSUING_PASSPHRASE', '-out', naked)
    const into = ['--token', 'one', '--label', 'issuing', '--id', '01', ...pins.slice(0, 2)]
    await call('softhsm2-util', '--import', naked, ...into)
    await Promise.all([rm(key), rm(naked)])

    const config = join(dir, 'one/registry.yaml')
    const options = { library, token: 'one', label: 'issuing' }
    await writeFile(join(dir, 'one/signer.js'), signerModule)
    await appendFile(
      config,
      `authority: { signerModule: signer.js, signerOptions: ${JSON.stringify(options)} }\n`,
    )
    const { TWIIN_ISSUING_PASSPHRASE: _, ...served } = env
    const server = spawn(program, ['serve', '--config', config], {
      env: served,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void server.kill('SIGKILL'))
    let lines = ''
    for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
      lines += String(chunk)
      if (lines.includes('registry listening')) break
    }
    // It listens only once it has certified itself, and every node's verifier has judged that certificate.
    expect(lines).toContain('own certificate issued')
    expect(lines).toContain('registry listening')
    server.stdout.resume()
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([0, null])
  },
)
