import type { Demo } from '../../test/support/demo.ts'
import { newStudy } from '../../test/support/new-study.ts'
import { NodeApi } from '../../test/support/node-api.ts'
import { rawZip } from '@twiin/media/testing'
import { storeZip } from './store-zip.ts'

const [anna, els] = ['999990019', '999990056']

/** What makes the screens worth looking at: something arrived, something waits for a decision or a review, a disc lies there. */
export async function prepareContents(demo: Demo): Promise<void> {
  const [here, there] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
  const found = await here.search(els)
  const conflict = found.studies.find(({ local }) => !local)
  if (conflict !== undefined) await here.retrieved(await here.retrieve(found.id, conflict))
  const own = (await there.search(anna)).studies.filter(({ local }) => local)
  const send = async (uid: string | null | undefined, more: object) =>
    there.as('operator').call<{ id: string }>('POST', '/api/v1/sends', {
      ...{ studyInstanceUids: [uid ?? ''], recipient: { ura: demo.hospital(0).ura, mailbox: 'radiologie' } },
      ...more,
    })
  const [first, second] = own
  const urgent = { reason: 'second opinion', note: 'Graag vandaag nog beoordelen.', urgency: 'urgent' }
  const { id } = await send(first?.studyInstanceUid, urgent)
  await there.sent(id)
  const { id: next } = await send(second?.studyInstanceUid, { reason: 'overname van de behandeling' })
  await there.sent(next)
  const disc = newStudy({ seed: 'screens', instances: 6 })
  await storeZip(
    demo.hospital(0),
    rawZip([
      ...disc.map(({ bytes }, index) => ({ name: `DICOM/IM${index}`, data: bytes })),
      { name: 'VIEWER.EXE', data: Buffer.from('MZ') },
    ]),
  )
  // Two of what an auditor is asked to look at: a copy of the log, and somebody who was refused it.
  await here.as('auditor').call('GET', '/api/v1/audit-exports/csv')
  await here.as('radiologist').ask('GET', '/api/v1/audit-events')
}
