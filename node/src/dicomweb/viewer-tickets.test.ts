import { ManualClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { patient, twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'
import { ViewerTickets } from './viewer-tickets.ts'

const person = { id: 'rad', name: 'R', role: 'radiologist' as const }

/** Addresses by which a ticket for `uid` could come to `other`. */
function attempts(uid: string, other: string): string[] {
  const list = (query: string) => `/dicom-web/studies?${query}`
  const byDots = uid.replaceAll('.', '%2E')
  return [
    '/dicom-web/studies',
    list(''),
    list('limit=10'),
    list(`StudyInstanceUID=${other}`),
    list(`StudyInstanceUID=${uid}&0020000d=`),
    list(`StudyInstanceUID=${uid}?&0020000D=`),
    list(`StudyInstanceUID=${uid}&0020000D=${other}`),
    list(`StudyInstanceUID=${uid}&0020000d=${other}`),
    list(`0020000D=${uid}&0020000d=${other}`),
    list(`0020000D=${uid}&StudyInstanceUID=${other}`),
    list(`StudyInstanceUID=${uid}&StudyInstanceUID=${other}`),
    list(`StudyInstanceUID=${uid}&StudyInstanceUID=${uid}`),
    list(`StudyInstanceUID=${uid}&%30020000D=${other}`),
    list(`StudyInstanceUID=${uid},${other}`),
    list(`StudyInstanceUID=${uid}%2C${other}`),
    list(`StudyInstanceUID=${uid}%5C${other}`),
    list(`StudyInstanceUID=${uid}*`),
    list(`StudyInstanceUID=${uid.slice(0, -1)}*`),
    list(`StudyInstanceUID=${uid.slice(0, -1)}%3F`),
    list(`studyinstanceuid=${uid}`),
    list(`STUDYINSTANCEUID=${uid}&0020000D=${other}`),
    list(`StudyInstanceUID=${uid}&PatientID=4711`),
    list(`StudyInstanceUID=${uid}&PatientName=J*`),
    list(`StudyInstanceUID=${uid}&OtherPatientIDsSequence.PatientID=1`),
    list(`StudyInstanceUID=${uid}%00`),
    list(`StudyInstanceUID=${uid}%20`),
    list(`ReferencedStudySequence.StudyInstanceUID=${uid}`),
    `/dicom-web/studies;StudyInstanceUID=${uid}`,
    `/dicom-web/studies/?StudyInstanceUID=${uid}`,
    `/dicom-web/studies/${other}/metadata`,
    `/dicom-web/studies/${other}?StudyInstanceUID=${uid}`,
    `/dicom-web/studies/${uid}/../${other}/metadata`,
    `/dicom-web/studies/${uid}/%2E%2E/${other}/metadata`,
    `/dicom-web/studies/${uid}%2F..%2F${other}/metadata`,
    `/dicom-web/studies/${uid}/../../studies`,
    `/dicom-web//studies/${uid}/metadata`,
    `/dicom-web/Studies/${uid}/metadata`,
    `/dicom-web/studies/${byDots}%00/metadata`,
    `/dicom-web/searches/x/studies/${uid}/metadata`,
    `/dicom-web/series?StudyInstanceUID=${uid}`,
    `/dicom-web/instances?StudyInstanceUID=${uid}`,
    '/api/v1/session',
    '/api/v1/studies',
  ]
}

describe('a ticket for a viewer outside the page', () => {
  it('is good for an hour, to read, and for who has it', async () => {
    const clock = new ManualClock()
    const standing = { sessionOf: () => 'a', stands: () => true }
    let drawn = 0
    const random = (bytes: number) => new Uint8Array(bytes).fill(++drawn)
    const tickets = new ViewerTickets({ clock, random, standing })
    const issue = (id: string) =>
      tickets.issue({ person: { ...person, id }, sessionSecret: 'secret' }, '1.2.3').ticket
    const another = issue('another')
    const [first = '', second = ''] = Array.from({ length: 21 }, () => issue('rad'))
    const ticket = second
    const ofStudy = { route: '/dicom-web/studies/:study', params: { study: '1.2.3' }, query: {} }
    const may = (method: string, by = ticket) => tickets.holderOf(by, { method, ...ofStudy }) !== undefined
    expect([may('GET'), may('HEAD'), may('POST'), may('DELETE')]).toEqual([true, true, false, false])
    expect(may('GET', `${ticket}x`)).toBe(false)
    // Who asks for many loses their own oldest, and nobody else any.
    expect([may('GET', first), may('GET', another)]).toEqual([false, true])
    await clock.advance(3_600_000)
    expect(may('GET')).toBe(false)
  })

  it('reads one study, and neither reads nor lists another, however it is asked', async () => {
    await using net = await twoHospitals()
    const { studyInstanceUid: uid } = await net.a.receive({ size: 32 })
    const { studyInstanceUid: other } = await net.a.receive({
      ...{ size: 32, seed: 'other' },
      patient: { ...patient, issuer: '', id: '4712', bsn: '999990020', name: 'Pietersen^Piet' },
    })
    await using web = await TestWeb.start(net.a)
    const made = await web.call('/api/v1/viewer-tickets', {
      ...{ method: 'POST', body: JSON.stringify({ studyInstanceUid: uid }) },
      headers: { 'content-type': 'application/json' },
    })
    const { ticket } = made.json() as { ticket: string }
    const ask = (path: string, method = 'GET') =>
      web.call(path, { method, as: 'nobody', headers: { authorization: `Bearer ${ticket}` } })
    for (const path of attempts(uid, other)) {
      const answer = await ask(path)
      expect([path, answer.status]).toEqual([path, 401])
      expect(answer.body.toString()).not.toMatch(/Jansen|Pietersen/)
    }
    for (const path of [
      `/dicom-web/studies/${uid}/metadata`,
      `/dicom-web/studies/${uid.replaceAll('.', '%2E')}/metadata`,
      `/dicom-web/studies/${uid}/series?limit=1`,
      `/dicom-web/studies?StudyInstanceUID=${uid}`,
      `/dicom-web/studies?0020000d=${uid}&includefield=00080020&limit=101&offset=0&fuzzymatching=true`,
      `/dicom-web/studies?StudyInstanceUID=${uid}&PatientName=`,
    ]) {
      const answer = await ask(path)
      expect([path, answer.status]).toEqual([path, 200])
      const text = answer.body.toString()
      expect([path, text.includes(uid), text.includes(other)]).toEqual([path, true, false])
    }
    expect((await ask(`/dicom-web/studies/${uid}`, 'POST')).status).toBe(401)
    // Who made it is held to nothing by it.
    const all = await web.call('/dicom-web/studies')
    expect((all.json() as unknown[]).length).toBe(2)
  })

  it('is made for who may look, and lets a viewer in as nobody else', async () => {
    await using net = await twoHospitals()
    const { studyInstanceUid } = await net.a.receive({ size: 32 })
    await using web = await TestWeb.start(net.a, { ohifUrl: 'https://ohif.example/viewer' })
    const ask = (as: 'radiologist' | 'auditor') =>
      web.call('/api/v1/viewer-tickets', {
        ...{ method: 'POST', as, body: JSON.stringify({ studyInstanceUid }) },
        headers: { 'content-type': 'application/json' },
      })
    expect((await ask('auditor')).status).toBe(403)
    const made = await ask('radiologist')
    expect(made.status).toBe(201)
    const { ticket, ohifUrl } = made.json() as { ticket: string; ohifUrl: string }
    expect(ohifUrl).toBe('https://ohif.example/viewer')
    const headers = { authorization: `Bearer ${ticket}` }
    const metadata = await web.call(`/dicom-web/studies/${studyInstanceUid}/metadata`, { headers })
    expect([metadata.status, (metadata.json() as unknown[]).length]).toEqual([200, 3])
  })
})
