/**
 * J2, J4 and J5 from PACS to PACS, with Debian's Orthanc at both sides: people send by a destination in their PACS and find
 * what arrived in theirs, under their own patient number. Nobody logs in anywhere. Orthanc is asked to commit itself to
 * what it is given, and says so on an association of its own.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { sampleStudy } from '@twiin/dicom/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { cardiologyAeTitle, hospitals } from '../../scripts/demo-network/hospitals.ts'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'
import { orthancInstalled, orthancMissing } from '../../scripts/demo-network/orthanc.ts'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'

/** Anna, whom both hospitals know, each under a number of its own. */
const anna = { bsn: '999990019', name: 'Voorbeeld^Anna', birthDate: '1958-03-21', sex: 'F' as const }
const numberAtA = '100100'
const numberAtB = '700100'

interface OrthancStudy {
  ID: string
  PatientMainDicomTags: { PatientID: string; PatientName: string }
  MainDicomTags: { StudyInstanceUID: string }
}

async function orthanc<T>(
  { pacs }: NetworkHospital,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const answer = await fetch(new URL(path, pacs.http), init)
  if (!answer.ok) throw new Error(`Orthanc of ${pacs.aeTitle}: ${method} ${path}: ${answer.status}`)
  return (await answer.json()) as T
}

/** As the PACS lists it; undefined while it is not there. */
async function inPacs(at: NetworkHospital, studyInstanceUid: string): Promise<OrthancStudy | undefined> {
  const query = { Level: 'Study', Expand: true, Query: { StudyInstanceUID: studyInstanceUid } }
  const [study] = await orthanc<OrthancStudy[]>(at, 'POST', '/tools/find', query)
  return study
}

/** The hops that were reached, of what this hospital has under way or had. */
async function hopsOf(at: NodeApi, kind: 'send' | 'arrival', studyInstanceUid: string): Promise<string[]> {
  const found = (await at.transfers()).find(
    (one) => one.kind === kind && one.studyInstanceUids.includes(studyInstanceUid),
  )
  return (found?.hops ?? []).filter(({ at }) => at !== null).map(({ hop }) => hop)
}

const instancesIn = async (at: NetworkHospital, { ID }: OrthancStudy): Promise<string[]> => {
  const instances = await orthanc<{ MainDicomTags: { SOPInstanceUID: string } }[]>(
    at,
    'GET',
    `/studies/${ID}/instances`,
  )
  return instances.map(({ MainDicomTags }) => MainDicomTags.SOPInstanceUID).sort()
}

describe.runIf(orthancInstalled)(`with an Orthanc at both sides${orthancMissing}`, () => {
  let demo: Demo
  let [a, b] = [] as unknown as [NodeApi, NodeApi]
  beforeAll(async () => {
    demo = await startDemo({ hospitals: 2, withOrthanc: true })
    ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
  })
  afterAll(() => demo[Symbol.asyncDispose]())

  test('what the PACS at A sends to “B, cardiology” is in the PACS at B under B’s number; nobody logged in', async () => {
    const [atA, atB] = [demo.hospital(0), demo.hospital(1)]
    const instances = sampleStudy({
      ...{ kind: 'CT', instances: 4, size: 64, seed: 'journey/13', studyDate: '2025-10-01' },
      ...{ description: 'CT hart', institution: atA.name },
      patient: { ...anna, id: numberAtA, issuer: hospitals[0]?.patientIdIssuer ?? '' },
    })
    const studyInstanceUid = instances[0]?.studyInstanceUid ?? ''
    const { host, port, aeTitle } = atA.pacs
    await storeInstances({ host, port, calledAe: aeTitle, callingAe: 'DEMO' }, instances)

    // What a technologist does: chooses the study and the destination.
    const study = await inPacs(atA, studyInstanceUid)
    const destination = cardiologyAeTitle(hospitals[1] ?? ({} as never))
    await orthanc(atA, 'POST', `/modalities/${destination}/store`, {
      Resources: [study?.ID],
      Synchronous: true,
    })

    const arrived = await until(() => inPacs(atB, studyInstanceUid), {
      timeoutMs: 90_000,
      what: 'the study is in the PACS at B',
    })
    expect(arrived.PatientMainDicomTags).toMatchObject({ PatientID: numberAtB, PatientName: anna.name })
    const send = await until(
      async () => {
        const found = (await a.transfers()).find(
          (one) => one.kind === 'send' && one.studyInstanceUids.includes(studyInstanceUid),
        )
        return found?.state === 'delivered' && a.sending(found.id)
      },
      { timeoutMs: 60_000, what: 'the sender sees that it is stored' },
    )
    expect(send).toMatchObject({
      state: 'delivered',
      receipt: { state: 'delivered', instances: 4, recipient: atB.node.peerId },
    })
    expect(await instancesIn(atB, arrived)).toEqual(
      instances.map(({ sopInstanceUid }) => sopInstanceUid).sort(),
    )
    // Delivered is what the PACS at B committed itself to, and both hospitals see that it did.
    expect(await hopsOf(b, 'arrival', studyInstanceUid)).toContain('committed')
    await until(async () => (await hopsOf(a, 'send', studyInstanceUid)).includes('committed'), {
      ...{ timeoutMs: 15_000, what: 'the sender sees the commitment' },
    })
    const arrival = (await b.transfers()).find(({ kind }) => kind === 'arrival')
    expect(arrival).toMatchObject({
      state: 'delivered',
      mailbox: 'cardiologie',
      sendReason: expect.stringContaining('PACSVOORBEELD') as string,
    })
    for (const { events } of [await a.audit(), await b.audit()])
      expect(events.filter(({ event }) => event === 'login')).toEqual([])
  })

  test('what lies in the PACS at A only is found and retrieved from B, and copied into the node for that alone', async () => {
    const [atA, atB] = [demo.hospital(0), demo.hospital(1)]
    const cached = async () =>
      (await a.as('operator').call<{ cache: { studies: number } }>('GET', '/api/v1/archive')).cache.studies
    expect(await cached()).toBe(0)
    const found = await b.search(anna.bsn)
    const wanted = found.studies.find(
      ({ holder, description }) => holder === atA.ura && description?.startsWith('CT thorax'),
    )
    if (wanted === undefined || wanted.studyInstanceUid === null)
      throw new Error('the study in the PACS at A was not found')
    expect(await cached()).toBe(0)
    const id = await b.retrieve(found.id, wanted)
    expect(await b.retrieved(id, 90_000)).toMatchObject({ state: 'delivered' })
    expect(await cached()).toBe(1)
    const arrived = await inPacs(atB, wanted.studyInstanceUid)
    expect(arrived?.PatientMainDicomTags.PatientID).toBe(numberAtB)

    // What was delivered into the PACS at B does not become B's own by being indexed there.
    await b.as('operator').call('POST', '/api/v1/archive/passes', {})
    const again = await b.search(anna.bsn)
    expect(
      again.studies.filter(({ studyInstanceUid }) => studyInstanceUid === wanted.studyInstanceUid),
    ).toMatchObject([{ holder: atA.ura }])
  })

  test('what the PACS at A stores to its node goes by a rule, and its note is with it at B', async () => {
    const [atA, atB] = [demo.hospital(0), demo.hospital(1)]
    const note = 'Graag beoordelen voor de polikliniek van morgen.'
    const to = { ura: atB.ura, mailbox: 'radiologie', urgency: 'urgent', reason: 'second opinion', note }
    const rules = [{ name: 'second-opinion', when: { calledAe: [atA.dicom.aeTitle] }, to, quietSeconds: 0.5 }]
    const config = parse(await readFile(atA.configFile, 'utf8')) as object
    await writeFile(atA.configFile, stringify({ ...config, routing: { rules } }))
    await demo.kill(0, 'SIGTERM')
    await demo.restart(0)

    const instances = sampleStudy({
      ...{ kind: 'CT', instances: 3, size: 64, seed: 'journey/13/rule', studyDate: '2025-10-02' },
      ...{ description: 'CT abdomen', institution: atA.name },
      patient: { ...anna, id: numberAtA, issuer: hospitals[0]?.patientIdIssuer ?? '' },
    })
    const studyInstanceUid = instances[0]?.studyInstanceUid ?? ''
    const { host, port, aeTitle } = atA.pacs
    await storeInstances({ host, port, calledAe: aeTitle, callingAe: 'DEMO' }, instances)
    const study = await inPacs(atA, studyInstanceUid)
    await orthanc(atA, 'POST', `/modalities/${atA.dicom.aeTitle}/store`, {
      Resources: [study?.ID],
      Synchronous: true,
    })

    const isComplete = async () => {
      const { arrivals } = await b
        .as('radiologist')
        .call<{ arrivals: { studyInstanceUids: string[] }[] }>('GET', '/api/v1/arrivals')
      return arrivals.find(({ studyInstanceUids }) => studyInstanceUids.includes(studyInstanceUid))
    }
    const arrival = await until(isComplete, { timeoutMs: 90_000, what: 'the study is complete at B' })
    expect(arrival).toMatchObject({
      ...{ note, reason: 'second opinion', mailbox: 'radiologie', urgency: 'urgent', instances: 3 },
      from: { ura: atA.ura },
    })
    expect(await hopsOf(b, 'arrival', studyInstanceUid)).toContain('committed')
    const arrived = await inPacs(atB, studyInstanceUid)
    expect(arrived?.PatientMainDicomTags.PatientID).toBe(numberAtB)
  })
})
