import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './processes.ts'

/** A certificate for 127.0.0.1 that is its own authority. */
export async function selfSigned(folder: string) {
  await mkdir(folder, { recursive: true })
  const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string]
  const subject = ['-subj', '/CN=interop', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    ...subject,
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ])
  const [key, cert] = await Promise.all([keyFile, certFile].map((file) => readFile(file, 'utf8')))
  return { keyFile, certFile, key: key ?? '', cert: cert ?? '' }
}
