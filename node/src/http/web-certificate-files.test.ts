import { X509Certificate } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openWebCertificate } from './web-certificate-files.ts'

const now = Date.now()
const options = { commonName: 'Ziekenhuis A, locatie Één (fictief)', now }
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-web-'))
})
afterEach(() => rm(dir, { recursive: true }))

const opened = async (publicUrl?: string, at = dir, who = options) =>
  new X509Certificate(
    (await openWebCertificate(at, { ...who, publicUrls: publicUrl === undefined ? [] : [publicUrl] }))
      .certificate,
  )

it('the self-made certificate is for the name at which people reach the node, and is kept while it is', async () => {
  const made = await opened('https://Twiin.ziekenhuis.example:8443/')
  const names = ['twiin.ziekenhuis.example', 'localhost']
  expect(names.map((name) => made.checkHost(name))).toEqual(names)
  expect(made.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect((await opened('https://twiin.ziekenhuis.example')).fingerprint256).toBe(made.fingerprint256)
  expect((await opened()).fingerprint256).toBe(made.fingerprint256)
})

it.each(['https://twiin.ziekenhuis.example', 'https://192.0.2.7:8443', 'https://[2001:db8::7]'])(
  'one from before %s was set is made anew at the start, with its CA',
  async (publicUrl) => {
    const before = await opened()
    const made = await opened(publicUrl)
    expect(made.fingerprint256).not.toBe(before.fingerprint256)
    const host = new URL(publicUrl).hostname.replace(/[[\]]/g, '')
    expect(made.checkHost(host) ?? made.checkIP(host)).toBe(host)
    expect(made.verify(new X509Certificate(await readFile(join(dir, 'ca.pem'))).publicKey)).toBe(true)
    expect((await opened(publicUrl)).fingerprint256).toBe(made.fingerprint256)
  },
)

it('the hospital’s own certificate stays, whatever it is for', async () => {
  const elsewhere = join(dir, 'elsewhere')
  const own = await opened(undefined, elsewhere, { commonName: 'Uitgever (fictief)', now })
  for (const name of ['certificate.pem', 'key.pem']) await copyFile(join(elsewhere, name), join(dir, name))
  expect((await opened('https://twiin.ziekenhuis.example')).fingerprint256).toBe(own.fingerprint256)
})
