import { ManualClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'
import { ViewerTickets } from './viewer-tickets.ts'

const person = { id: 'rad', name: 'R', role: 'radiologist' as const }
const study = '/dicom-web/studies/1.2.3'

describe('a ticket for a viewer outside the page', () => {
  it('reads one study, lists nothing but that one, and changes nothing', async () => {
    const clock = new ManualClock()
    const tickets = new ViewerTickets({ clock, random: (bytes) => new Uint8Array(bytes).fill(7) })
    const { ticket } = tickets.issue(person, '1.2.3')
    const may = (url: string, method = 'GET') => tickets.personFor(ticket, { method, url }) !== undefined
    for (const url of [
      study,
      `${study}/metadata`,
      `${study}/series?limit=1`,
      '/dicom-web/studies?StudyInstanceUID=1.2.3',
    ])
      expect([url, may(url)]).toEqual([url, true])
    for (const url of [
      '/dicom-web/studies',
      '/dicom-web/studies/1.2.34/metadata',
      '/dicom-web/studies?StudyInstanceUID=1.2.4',
      '/dicom-web/studies?StudyInstanceUID=1.2.3&0020000D=1.2.4',
      '/dicom-web/studies?StudyInstanceUID=1.2.3,1.2.4',
      '/dicom-web/searches/x/studies/1.2.3',
      '/api/v1/session',
      `/x${study}`,
    ])
      expect([url, may(url)]).toEqual([url, false])
    expect(may(study, 'POST')).toBe(false)
    expect(tickets.personFor(`${ticket}x`, { method: 'GET', url: study })).toBeUndefined()
    await clock.advance(3_600_000)
    expect(may(study)).toBe(false)
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
    expect((await web.call('/api/v1/studies', { headers })).status).toBe(401)
    expect((await web.call('/dicom-web/studies', { headers })).status).toBe(401)
  })
})
