import type { Page } from 'playwright-core'
import type { Demo } from '../../test/support/demo.ts'
import { NodeApi, until } from '../../test/support/node-api.ts'
import { shareStudies } from '../../test/support/share-api.ts'
import type { GivenShare } from '../../test/support/share-api.ts'
import type { Screen } from './screens.ts'

let given: Promise<GivenShare> | undefined

/** Of the demo's fictional patient, made once for all pictures. */
function share(demo: Demo): Promise<GivenShare> {
  given ??= (async () => {
    const api = new NodeApi(demo.hospital(0))
    const { studies } = await api
      .as('radiologist')
      .call<{ studies: { studyInstanceUid: string; patient: { bsn: string | null } }[] }>(
        'GET',
        '/api/v1/studies',
      )
    const anna = studies.filter(({ patient }) => patient.bsn === '*****0019')
    return shareStudies(api, { studyInstanceUids: anna.map(({ studyInstanceUid }) => studyInstanceUid) })
  })()
  return given
}

async function enter(page: Page, demo: Demo): Promise<void> {
  const { url, code = '' } = await share(demo)
  await page.goto(url)
  await page.getByLabel('Code', { exact: true }).fill(code)
  await page.getByRole('button', { name: 'Ga verder' }).click()
  await page
    .getByRole('link', { name: /^Bekijken/ })
    .first()
    .waitFor()
}

async function view(page: Page, demo: Demo): Promise<void> {
  await enter(page, demo)
  await page.getByRole('link', { name: /^Bekijken: CT/ }).click()
  const isShown = `document.querySelector('#picture')?.naturalWidth > 50`
  await until(() => page.evaluate<boolean>(isShown), { timeoutMs: 20_000, what: 'the picture is shown' })
}

/** What a patient sees, on a phone first. Nobody is logged in. */
export const patientScreens: readonly Screen[] = [
  {
    name: 'patient-code',
    phone: true,
    show: async (page, demo) => {
      const { url } = await share(demo)
      await page.goto(url)
      await page.getByLabel('Code', { exact: true }).waitFor()
    },
  },
  { name: 'patient-list', phone: true, show: enter },
  { name: 'patient-viewer', phone: true, show: view },
]
