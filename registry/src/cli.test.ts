import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { NodeKey } from '@twiin/identity'
import { expect, onTestFinished, test } from 'vitest'
import { csrOf } from './testing.ts'

const run = promisify(execFile)
const program = resolve(import.meta.dirname, '../bin/twiin-registry')

test('from nothing to an enrolment token: ceremony, serve, clinic add; from any folder, through a link', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-cli-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const link = join(dir, 'twiin-registry')
  await symlink(program, link)
  const env = {
    ...process.env,
    TWIIN_ROOT_PASSPHRASE: 'root passphrase',
    TWIIN_ISSUING_PASSPHRASE: 'issuing passphrase',
  }
  const command = async (...args: string[]) =>
    JSON.parse((await run(link, [...args, '--json'], { cwd: dir, env })).stdout) as unknown

  const plan =
    'dir: one\nrootBits: 2048\nissuingBits: 2048\nhttp: { host: 127.0.0.1, port: 0 }\nlisten: [/ip4/127.0.0.1/tcp/0]\n'
  await writeFile(join(dir, 'plan.yaml'), plan)
  const ceremony = await command(
    'ceremony',
    '--config',
    'plan.yaml',
    '--participants',
    'voorzitter',
    'getuige',
  )
  const { configFile, offlineDir } = ceremony as Record<string, string>
  expect(ceremony).toMatchObject({
    record: { participants: ['voorzitter', 'getuige'], rootCertificate: { keyBits: 2048 } },
  })
  expect(await readFile(join(offlineDir ?? '', 'root-key.pem'), 'utf8')).toContain(
    'BEGIN ENCRYPTED PRIVATE KEY',
  )
  const second = run(link, ['ceremony', '--config', 'plan.yaml'], { cwd: dir, env })
  await expect(second).rejects.toThrow('CEREMONY_HELD')

  const config = ['--config', configFile ?? '']
  const server = spawn(link, ['serve', ...config], {
    cwd: dir,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  for await (const line of server.stdout.iterator({ destroyOnReturn: false }))
    if (String(line).includes('registry listening')) break
  server.stdout.resume()
  const key = NodeKey.generate()
  await writeFile(join(dir, 'node.der'), Buffer.from(await csrOf(key, '10000001'), 'base64'))
  const facts = ['--ura', '10000001', '--name', 'Kliniek Één', '--patients', '12000', '--csr', 'node.der']
  const clinic = [...facts, '--mailbox', 'a', 'b']
  const added = (await command('clinic', 'add', ...config, ...clinic)) as Record<string, string>
  expect(added).toMatchObject({ ura: '10000001', organisation: 'Kliniek Één' })
  expect(added.enrolmentToken).toMatch(/^[0-9a-f-]{39}$/)
  expect(await command('certificates', ...config)).toEqual([])
  const unknown = ['--serial', '00ff', '--reason', 'test']
  await expect(command('revoke', ...config, ...unknown)).rejects.toThrow('NOT_FOUND')

  server.kill('SIGTERM')
  const [code] = (await once(server, 'exit')) as [number]
  expect(code).toBe(0)
  await expect(access(join(dir, 'one/data/runtime.json'))).rejects.toThrow('ENOENT')
  await expect(command('certificates', ...config)).rejects.toThrow('REGISTRY_NOT_RUNNING')
}, 120_000)
