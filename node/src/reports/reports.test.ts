import { authorRejectionNote, readReportDocument } from '@twiin/dicom'
import type { ReportDocument } from '@twiin/dicom'
import type { InstanceRecord, StudyRecord } from '@twiin/study-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oruMessage } from '../testing/oru.ts'
import { isComplete } from '../find/patient-search.ts'
import { ReportForms } from './report-forms.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
beforeEach(async () => {
  net = await twoHospitals()
})
afterEach(() => net[Symbol.asyncDispose]())

let order = 0
const tell = (at: TestHospital, report: Parameters<typeof oruMessage>[0] = {}) =>
  at.exchange.reports.incoming.handle(oruMessage(report), { id: String(++order).padStart(8, '0'), at: 0 })
const receive = (change: object = {}) => net.a.receive({ accessionNumber: 'ACC1', ...change })
const operator = { id: 'op', name: 'O. Perator', role: 'operator' as const }

async function documentsOf(at: TestHospital, uid: string, owner = 'local'): Promise<ReportDocument[]> {
  const { studies } = at.ground
  const study = await studies.studyByUid(uid, owner)
  const found: ReportDocument[] = []
  if (study === undefined) return found
  for await (const instance of studies.instances(study.handle))
    if (instance.isReport)
      found.push(
        await readReportDocument(
          { ...instance, dataSet: studies.readDataSet(instance) },
          { isEncapsulated: instance.sopClassUid.endsWith('104.1') },
        ),
      )
  return found
}
const textsOf = async (at: TestHospital, uid: string, owner = 'local') =>
  (await documentsOf(at, uid, owner)).map(({ status, lines }) => `${status}: ${lines.at(-1)?.text}`)

async function sent(uid: string): Promise<void> {
  const { sends, book } = net.a.exchange
  const order = { studyInstanceUids: [uid], recipient: { ura: '90000002' }, reason: 'verwezen' }
  const id = await sends.request(order, radiologist)
  await eventually(async () => (await book.get(id))?.state === 'delivered')
}
const retrieved = async (uid: string, destination: 'pacs' | 'viewer') => {
  const { searches, retrievals, book } = net.b.exchange
  await net.a.index.consents.record(patient.bsn as never, {
    ...{ scope: { kind: 'all' }, decision: 'permit', by: 'op' },
  })
  await eventually(async () => (await net.a.audit('publish')).length > 0)
  const purpose = { basis: 'treatment', reason: 'poli' } as const
  const searchId = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
  await eventually(() => isComplete(searches.find(searchId, radiologist) as never))
  const order = { searchId, studyInstanceUid: uid, holder: '90000001', destination }
  const id = await retrievals.request(order, radiologist)
  await eventually(async () => (await book.get(id))?.state === 'delivered')
}
/** The PACS stores something of ours at A. */
const store = (note: ReturnType<typeof authorRejectionNote>) =>
  net.a.receive({ instances: 1 }, { change: (sample) => ({ ...sample, ...note, bytes: note.file }) })
const noteOn = (rejected: Parameters<typeof authorRejectionNote>[0]['rejected']) =>
  authorRejectionNote({
    patient: { ...patient, issuer: '', citizenNumber: patient.bsn },
    study: {
      studyInstanceUid: rejected[0]?.studyInstanceUid ?? '',
      ...{ date: '2026-01-05', time: '', description: '', accessionNumber: 'ACC1' },
    },
    ...{ seriesInstanceUid: '2.25.77', seriesNumber: 9, sopInstanceUid: '2.25.78', instanceNumber: 1 },
    ...{ institution: 'A', contentDate: '20260106', contentTime: '120000', title: 'quality' },
    ...{ reason: 'bewogen', rejected },
  })
const inPacs = (at: TestHospital) => at.archive.stored.map(({ sopInstanceUid }) => sopInstanceUid)
const study = (at: TestHospital, uid: string, owner?: string): Promise<StudyRecord | undefined> =>
  at.ground.studies.studyByUid(uid, owner)

describe('a report that comes by HL7', () => {
  it('becomes part of its study, and is with it at the other hospital', async () => {
    const { studyInstanceUid } = await receive()
    await tell(net.a, { text: ['BEVINDINGEN:', 'Geen infiltraat.', 'CONCLUSIE: normaal'] })
    expect(await study(net.a, studyInstanceUid)).toMatchObject({ reports: 1, instances: 4 })
    await sent(studyInstanceUid)
    const [document] = await documentsOf(net.b, studyInstanceUid, '90000001')
    expect(document).toMatchObject({ status: 'final', author: 'Groot, R.', date: '2026-01-06' })
    expect(document?.lines.map(({ text }) => text)).toEqual([
      ...['Findings', 'Geen infiltraat.', 'Conclusions', 'normaal'],
    ])
    expect(inPacs(net.b)).toContain(document?.sopInstanceUid)
    expect(await net.a.audit('study-stored')).toHaveLength(2)
  })

  it('before its study waits for it, over a restart too, and its versions stay in order', async () => {
    await tell(net.a, { status: 'P', text: ['voorlopig'] })
    await tell(net.a, { status: 'F', text: ['definitief'] })
    await net.a.restart()
    const { studyInstanceUid } = await receive()
    await eventually(async () => (await documentsOf(net.a, studyInstanceUid)).length === 2)
    expect(await textsOf(net.a, studyInstanceUid)).toEqual(['preliminary: voorlopig', 'final: definitief'])
    const [first, second] = await documentsOf(net.a, studyInstanceUid)
    expect(second?.predecessors).toEqual([first?.sopInstanceUid])
  })

  it('told again changes nothing', async () => {
    const { studyInstanceUid } = await receive()
    for (const _ of [1, 2]) await tell(net.a)
    expect(await documentsOf(net.a, studyInstanceUid)).toHaveLength(1)
  })

  it('finds its study by BSN or UID too, and never attaches to another patient’s', async () => {
    const { studyInstanceUid } = await receive()
    await tell(net.a, { patientId: '9999', accession: 'ACC1', text: ['van een ander'] })
    expect(await documentsOf(net.a, studyInstanceUid)).toEqual([])
    expect(await net.a.exchange.worklist.list(10)).toMatchObject([
      { kind: 'REPORT_PATIENT_CONFLICT', state: 'notice', incoming: { localId: '9999' } },
    ])
    await tell(net.a, { patientId: patient.id, bsn: '999991772', text: ['ander BSN'] })
    expect(await documentsOf(net.a, studyInstanceUid)).toEqual([])
    await tell(net.a, { patientId: '1', issuer: 'ELDERS', bsn: patient.bsn, text: ['door BSN'] })
    await tell(net.a, { accession: 'X', studyInstanceUid, text: ['door UID'], filler: 'F2' })
    expect(await textsOf(net.a, studyInstanceUid)).toEqual(['final: door BSN', 'final: door UID'])
  })

  it('as a PDF becomes an encapsulated one, byte for byte; what is none is refused before it is acknowledged', async () => {
    const { studyInstanceUid } = await receive()
    const pdf = Buffer.from('%PDF-1.4 verslag %%EOF')
    await tell(net.a, { text: [], pdf })
    const [document] = await documentsOf(net.a, studyInstanceUid)
    expect(Buffer.from(document?.encapsulated?.bytes ?? []).toString()).toBe(pdf.toString())
    const { incoming } = net.a.exchange.reports
    for (const [bad, location] of [
      [Buffer.from('MZ...'), 'OBX^1^5^5'],
      ['%%%%', 'OBX^1^5^5'],
      ['', 'OBX^1^5^5'],
    ] as const)
      expect(() => incoming.check(oruMessage({ text: [], pdf: bad }))).toThrow(location)
    expect(() => incoming.check(oruMessage({ text: ['x'.repeat(300_000)] }))).toThrow('OBX^1^5')
    expect(() => incoming.check(oruMessage({ status: 'Q' }))).toThrow('OBR^1^25')
  })
})

describe('a PACS that cannot show structured reports', () => {
  it.each([
    ['also-pdf', ['104.1', '88.11']],
    ['pdf-only', ['104.1']],
  ] as const)('is given PDF (%s), the same each time, and the report stays here', async (form, classes) => {
    net.b.structuredReport = form
    await net.b.restart()
    const { studyInstanceUid } = await receive({ patient: { ...patient, name: 'Янсен^Анна' } })
    await tell(net.a, { text: ['Geen afwijkingen: ж Ω é'] })
    await sent(studyInstanceUid)
    const reports = net.b.archive.stored.filter(({ dataSet }) =>
      /\.(88\.11|104\.1)\0?/.test(classOf(dataSet)),
    )
    expect(reports.map(({ dataSet }) => classOf(dataSet).slice(24)).sort()).toEqual(classes)
    const pdf = reports.find(({ dataSet }) => classOf(dataSet).endsWith('104.1'))
    expect(pdf?.dataSet.includes('%PDF-')).toBe(true)
    expect(await textsOf(net.b, studyInstanceUid, '90000001')).toEqual(['final: Geen afwijkingen: ж Ω é'])
    const again = new ReportForms({ structuredReport: form }, net.b.ground)
    const { handle = '' } = (await study(net.b, studyInstanceUid, '90000001')) ?? {}
    const instances: InstanceRecord[] = []
    for await (const instance of net.b.ground.studies.instances(handle)) instances.push(instance)
    const made = (await again.of(instances)).find(({ sopClassUid }) => sopClassUid.endsWith('104.1'))
    expect(made?.sopInstanceUid).toBe(pdf?.sopInstanceUid)
    const twice = [await bytesOf(again, made), await bytesOf(again, made)]
    expect(twice[0]?.equals(twice[1] ?? Buffer.alloc(0))).toBe(true)
  })
})

const classOf = (dataSet: Buffer) =>
  /1\.2\.840\.10008\.5\.1\.4\.1\.1\.[0-9.]+/.exec(dataSet.toString('latin1', 0, 400))?.[0] ?? ''
const bytesOf = async (forms: ReportForms, instance?: InstanceRecord) => {
  const chunks: Uint8Array[] = []
  if (instance !== undefined) for await (const chunk of forms.read(instance)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('what a radiologist reads', () => {
  it('is the text of every version, which is the latest, and a PDF; it is on record', async () => {
    const { studyInstanceUid } = await receive()
    await tell(net.a, { text: ['links'] })
    await tell(net.a, { status: 'C', text: ['rechts'] })
    await sent(studyInstanceUid)
    const { shown } = net.b.exchange.reports
    const reports = await shown.of(studyInstanceUid, radiologist)
    expect(reports).toMatchObject([
      {
        status: 'corrected',
        latest: true,
        text: expect.stringContaining('rechts') as string,
        holder: '90000001',
      },
      { status: 'final', latest: false, text: expect.stringContaining('links') as string },
    ])
    const of = { studyInstanceUid, holder: '90000001', sopInstanceUid: reports[0]?.sopInstanceUid ?? '' }
    expect(Buffer.from(await shown.pdf(of, radiologist)).toString('latin1', 0, 5)).toBe('%PDF-')
    expect(await net.b.audit('study-viewed')).toHaveLength(2)
    await expect(shown.pdf({ ...of, studyInstanceUid: '1.2' }, radiologist)).rejects.toThrow('NOT_FOUND')
    await expect(shown.of('1.2', radiologist)).rejects.toThrow('NOT_FOUND')
  })
})

describe('what is corrected', () => {
  it('follows to whom the study was sent, as one instance, into the PACS under the same number', async () => {
    const { studyInstanceUid } = await receive()
    await tell(net.a, { text: ['links'] })
    await sent(studyInstanceUid)
    const before = net.b.archive.offered.length
    await tell(net.a, { status: 'C', text: ['rechts'] })
    await eventually(async () => (await textsOf(net.b, studyInstanceUid, '90000001')).length === 2)
    expect(await textsOf(net.b, studyInstanceUid, '90000001')).toEqual(['final: links', 'corrected: rechts'])
    await eventually(() => net.b.archive.offered.length > before)
    expect(net.b.archive.offered.length - before).toBe(1)
    const [send] = await eventually(async () => {
      const [newest] = await net.a.transfers()
      return newest?.state === 'delivered' && [newest]
    })
    expect(send).toMatchObject({ kind: 'send', follows: 'report', sendReason: 'Report, corrected' })
    expect(await net.b.audit('send-received')).toHaveLength(2)
  })

  it('follows to who retrieved it, and a first report does not', async () => {
    const { studyInstanceUid } = await receive()
    await retrieved(studyInstanceUid, 'viewer')
    await tell(net.a, { text: ['eerste'] })
    await tell(net.a, { status: 'A', text: ['aanvulling'] })
    await eventually(async () => (await textsOf(net.b, studyInstanceUid, '90000001')).length > 0)
    expect(await textsOf(net.b, studyInstanceUid, '90000001')).toEqual(['addendum: aanvulling'])
    // It was only viewed: what follows stays beside it, and no study of one report appears in the PACS.
    await eventually(async () => (await net.a.transfers())[0]?.state === 'delivered')
    expect(inPacs(net.b)).toEqual([])
  })

  it('is sent once, whatever is repeated, and after a restart if it was not yet', async () => {
    const { studyInstanceUid } = await receive()
    await tell(net.a, { text: ['links'] })
    await sent(studyInstanceUid)
    net.b.online = false
    for (const _ of [1, 2]) await tell(net.a, { status: 'C', text: ['rechts'] })
    await net.a.restart()
    await tell(net.a, { status: 'C', text: ['rechts'] })
    net.b.online = true
    await eventually(async () => (await textsOf(net.b, studyInstanceUid, '90000001')).length === 2)
    await eventually(async () => (await net.a.transfers()).every(({ state }) => state === 'delivered'))
    expect(await net.a.transfers()).toHaveLength(2)
  })
})

describe('what is taken back', () => {
  const recall = (order: object) =>
    net.a.exchange.reports.recalls.request(
      { kind: 'sent-by-mistake', reason: 'verkeerd ziekenhuis', ...order } as never,
      operator,
    )

  it('is hidden where it was received, with a notice and a word back, and stays here', async () => {
    const { studyInstanceUid, instances } = await receive()
    await sent(studyInstanceUid)
    const { id, recipients } = await recall({ studyInstanceUid })
    const { book } = net.a.exchange
    await eventually(async () => (await book.get(recipients[0]?.sendId ?? ''))?.state === 'delivered')
    expect(await study(net.b, studyInstanceUid, '90000001')).toBeUndefined()
    expect(await study(net.a, studyInstanceUid)).toMatchObject({ instances: 3 })
    const [notice] = await net.b.exchange.worklist.list(10)
    expect(notice).toMatchObject({ kind: 'RECALLED', state: 'notice', reason: 'verkeerd ziekenhuis' })
    // The note itself is in the PACS, which hides by it.
    expect(inPacs(net.b)).toHaveLength(instances.length + 1)
    for (const at of [net.a, net.b])
      expect(await at.audit('study-recalled')).toMatchObject([{ outcome: 'success' }])
    expect(await net.a.exchange.reports.recalls.get(id)).toMatchObject({ done: true })
  })

  it('before it was collected never arrives', async () => {
    const { studyInstanceUid } = await receive()
    net.b.online = false
    const { sends } = net.a.exchange
    const order = { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'x' }
    const sendId = await sends.request(order, radiologist)
    await recall({ studyInstanceUid })
    net.b.online = true
    expect(await net.a.exchange.book.get(sendId)).toMatchObject({ state: 'failed', reason: 'RECALLED' })
    await eventually(async () => (await net.a.transfers())[0]?.state === 'delivered')
    expect(await study(net.b, studyInstanceUid, '90000001')).toBeUndefined()
  })

  it('while it waits for a person there is not filed any more', async () => {
    await net.b.receive({ patient: { ...patient, name: 'Pietersen^Kees', birthDate: '1999-09-09' } })
    const { studyInstanceUid } = await receive()
    const order = { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'x' }
    await net.a.exchange.sends.request(order, radiologist)
    const held = await net.b.transferIn('held')
    await recall({ studyInstanceUid })
    await eventually(async () => (await net.b.exchange.book.get(held.id))?.reason === 'RECALLED')
    expect(inPacs(net.b)).toEqual([])
    expect((await net.b.exchange.worklist.list(10)).map(({ state }) => state)).toEqual(['notice'])
  })

  it('of which nobody received anything is no recall', async () => {
    const { studyInstanceUid } = await receive()
    await expect(recall({ studyInstanceUid })).rejects.toMatchObject({ code: 'NO_RECIPIENTS' })
    await expect(recall({ studyInstanceUid: '1.2' })).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' })
  })

  it('by a note of the PACS is hidden here, and at who received it', async () => {
    const { studyInstanceUid, instances } = await receive()
    await sent(studyInstanceUid)
    const bad = instances[1]
    await store(noteOn([bad as never]))
    await eventually(async () => (await study(net.a, studyInstanceUid))?.instances === 2)
    await eventually(async () => (await study(net.b, studyInstanceUid, '90000001'))?.instances === 2)
    const left: InstanceRecord[] = []
    const { handle = '' } = (await study(net.b, studyInstanceUid, '90000001')) ?? {}
    for await (const instance of net.b.ground.studies.instances(handle)) left.push(instance)
    expect(left.map(({ sopInstanceUid }) => sopInstanceUid)).not.toContain(bad?.sopInstanceUid)
  })
})
