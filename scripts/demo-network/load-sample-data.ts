import { readFile } from 'node:fs/promises'
import { ApiClient } from './api-client.ts'
import { studiesOf } from './sample-data.ts'
import type { RunningHospital } from './start-hospital.ts'
import { storeInstances } from './store-instances.ts'
import { until } from './until.ts'

interface ListedStudy {
  studyInstanceUid: string
  publication: { state: 'published' | 'pending' | 'unpublished' }
}

/** Records consents, stores the studies as a modality would, and waits until each is published or known not to be. */
export async function loadSampleData(at: RunningHospital, signal: AbortSignal): Promise<void> {
  const { hospital, runtime, tokens, pacs } = at
  using node = new ApiClient({
    url: runtime.url,
    ca: await readFile(runtime.caFile, 'utf8'),
    token: tokens.operator,
  })
  const studies = studiesOf(hospital)
  const patients = studies.map(({ planned }) => planned.patient).filter(({ consent }) => consent)
  for (const bsn of new Set(patients.map((patient) => patient.bsn)))
    await node.call('PUT', '/api/v1/consents', { bsn, decision: 'permit' })

  // A PACS that is an archive has the studies; the node learns of them there.
  const isArchive = pacs.kind === 'orthanc'
  const to = isArchive
    ? { host: pacs.host, port: pacs.port, calledAe: pacs.aeTitle, callingAe: 'DEMO' }
    : { ...runtime.dicom, calledAe: hospital.aeTitle, callingAe: 'DEMO' }
  for (const { instances } of studies) {
    signal.throwIfAborted()
    const outcomes = await storeInstances(to, instances)
    const failed = outcomes.find(({ status }) => status !== 0)
    if (failed !== undefined)
      throw new Error(`${hospital.name} refused sample data: status ${failed.status.toString(16)}`)
  }
  if (isArchive) await node.call('POST', '/api/v1/archive/passes', {})
  await until(
    async () => {
      const listed = await node.call<{ studies: ListedStudy[] }>('GET', '/api/v1/studies?limit=200')
      return studies.every(({ planned, studyInstanceUid }) => {
        const state = listed.studies.find((study) => study.studyInstanceUid === studyInstanceUid)?.publication
          .state
        return state === (planned.patient.consent ? 'published' : 'unpublished')
      })
    },
    { timeoutMs: 180_000, what: `${hospital.name} has published its sample studies`, signal },
  )
}
