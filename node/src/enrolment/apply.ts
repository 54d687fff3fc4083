import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import type { Settings } from '../config/settings.ts'
import { requestWithOwnKey } from './own-request.ts'
import { RegistryClient } from '../registry/registry-client.ts'

/** What a hospital adds to what its configuration says already. Bounds are the registry's (spec 06 §4). */
export interface ApplicationForm {
  readonly category: 'umc' | 'hospital' | 'clinic'
  readonly declaredPatients: number
  readonly level?: number
  readonly agb?: string
  readonly kvk?: string
  readonly phone?: string
  readonly contacts?: readonly { role: string; name: string; email: string; phone?: string }[]
  readonly remarks?: string
}

export interface SentApplication {
  readonly id: string
  readonly state: string
  /** Of the node's key: read it out to the registry's administrator when they call. */
  readonly fingerprint: string
}

interface Kept {
  id: string
  /** Secret: whoever has it can read and change the application. */
  statusToken: string
}

const keptIn = ({ dataDir }: Settings) => join(dataDir, 'identity', 'application.json')

/**
 * Applies for membership (J1): with the node's own key, whose possession the request proves, so that the certificate can
 * later be given to no other. An application that is still open is changed, not sent again. Throws REGISTRY_UNREACHABLE,
 * APPLICATION_REFUSED with the registry's code.
 */
export async function applyForMembership(
  settings: Settings,
  form: ApplicationForm,
): Promise<SentApplication> {
  const { hospital, dataDir, mailboxes } = settings
  await mkdir(join(dataDir, 'identity'), { recursive: true, mode: 0o700 })
  const { csr, fingerprint } = await requestWithOwnKey(settings)
  const application = { organisation: hospital.name, ura: hospital.ura, mailboxes, ...form }
  const body = { ...application, csr: Buffer.from(csr).toString('base64') }
  const open = await openApplication(settings)
  if (open !== undefined) {
    const { id, state } = await ask<{ id: string; state: string }>(settings, 'PUT', pathOf(open), {
      ...{ body, headers: headersOf(open) },
    })
    return { id, state, fingerprint }
  }
  const answer = await ask<Kept & { state: string }>(settings, 'POST', '/api/v1/applications', { body })
  const kept: Kept = { id: answer.id, statusToken: answer.statusToken }
  await writeFileDurably(keptIn(settings), Buffer.from(JSON.stringify(kept)), { mode: 0o600 })
  return { id: answer.id, state: answer.state, fingerprint }
}

/** How the application of this node stands, as the registry tells it. Throws APPLICATION_MISSING before there is one. */
export async function applicationStatus(settings: Settings): Promise<Record<string, unknown>> {
  const kept = await readKept(settings)
  if (kept === undefined) throw new TwiinError('APPLICATION_MISSING', { todo: 'twiin-node apply' })
  return ask(settings, 'GET', pathOf(kept), { headers: headersOf(kept) })
}

/** What this node applied with before, while nobody has decided on it. */
async function openApplication(settings: Settings): Promise<Kept | undefined> {
  const kept = await readKept(settings)
  if (kept === undefined) return undefined
  const standing = await ask<{ state: string }>(settings, 'GET', pathOf(kept), {
    headers: headersOf(kept),
  }).catch((error: unknown) => {
    // Forgotten, or of another registry: as if there were none.
    if (isTwiinError(error, 'APPLICATION_REFUSED')) return { state: 'unknown' }
    throw error
  })
  return standing.state === 'open' ? kept : undefined
}

async function readKept(settings: Settings): Promise<Kept | undefined> {
  const text = await readFile(keptIn(settings), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : (JSON.parse(text) as Kept)
}

const pathOf = ({ id }: Kept) => `/api/v1/applications/${encodeURIComponent(id)}`
const headersOf = ({ statusToken }: Kept) => ({ 'x-twiin-status-token': statusToken })

async function ask<T>(
  { registry }: Settings,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  { body, headers }: { body?: object; headers?: Record<string, string> },
): Promise<T> {
  const client = new RegistryClient({ url: registry.url, ca: await readFile(registry.caFile, 'utf8') })
  const answer = await client.call(method, path, {
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const parsed = parse(answer.body)
  if (answer.status < 300) return parsed as T
  const { code, detail } = parsed
  throw new TwiinError('APPLICATION_REFUSED', {
    status: answer.status,
    code: typeof code === 'string' ? code.slice(0, 60) : undefined,
    detail: typeof detail === 'string' ? detail.slice(0, 200) : undefined,
    retryAfterSeconds: answer.headers['retry-after'],
  })
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}
