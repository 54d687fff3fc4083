import type { Page } from 'playwright-core'
import type { Demo } from '../../test/support/demo.ts'

export interface Screen {
  name: string
  /** Who looks; nobody for the log-in page. */
  as?: 'radioloog' | 'beheer' | 'auditor'
  /** Worth showing on a phone. */
  phone?: true
  /** Brings the page to where it shows most. */
  show: (page: Page, demo: Demo) => Promise<void>
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(new URL(path, page.url()).href)
  await page.getByRole('heading', { level: 1 }).waitFor()
}

async function found(page: Page, demo: Demo): Promise<void> {
  await page.getByRole('textbox', { name: 'BSN' }).fill('999990019')
  await page.getByLabel('Reden').fill('polikliniek')
  await page.keyboard.press('Enter')
  for (const { ura } of demo.network.hospitals.slice(0, 3))
    await page.locator(`[data-holder="${ura}"][data-status="answered"]`).waitFor()
  await page.evaluate('document.querySelector(".patient").scrollIntoView()')
}

async function preview(page: Page, demo: Demo): Promise<void> {
  await found(page, demo)
  await page.locator('[data-row]', { hasText: 'CT thorax' }).focus()
  await page.keyboard.press('Space')
  await page.locator('.picture-shown').nth(5).waitFor()
}

async function declareEmergency(page: Page): Promise<void> {
  await open(page, '/zoeken')
  await page.getByRole('textbox', { name: 'BSN' }).fill('999990020')
  await page.getByRole('button', { name: 'Noodtoegang…' }).click()
  await page.getByRole('alertdialog').getByLabel('Patiënt niet aanspreekbaar').check()
}

/** Two studies beside each other, drawn by this computer. */
async function viewer(page: Page, demo: Demo): Promise<void> {
  await found(page, demo)
  await page.locator('[data-row]', { hasText: 'CT thorax' }).focus()
  await page.keyboard.press('o')
  const drawn = (pane: number) => page.locator(`[data-pane="${pane}"][data-shown][data-loading="false"]`)
  await drawn(1).waitFor({ timeout: 60_000 })
  await page.keyboard.press('Shift+P')
  await drawn(2).waitFor({ timeout: 60_000 })
  await page.locator('.viewer-count', { hasText: '/12' }).waitFor({ timeout: 60_000 })
}

/** Link and code of the picture are those of a demo that is gone. */
async function share(page: Page): Promise<void> {
  await page.locator('[data-row]', { hasText: 'X-thorax' }).focus()
  await page.keyboard.press('d')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('code op papier').check()
  await dialog.getByText('Het bericht bekijken').click()
  await dialog.getByLabel('E-mailadres').fill('anna@patient.example')
  await dialog.locator('.share-mail').waitFor()
}

const firstRow = async (page: Page) => page.locator('[data-row]').first().click()

/** Each is shown by a person who may see it. To set up a first authenticator app is not among them. */
export const screens: readonly Screen[] = [
  { name: 'log-in', phone: true, show: async () => {} },
  { name: 'search', as: 'radioloog', show: (page) => open(page, '/zoeken') },
  { name: 'timeline', as: 'radioloog', phone: true, show: found },
  { name: 'preview', as: 'radioloog', show: preview },
  { name: 'emergency', as: 'radioloog', phone: true, show: declareEmergency },
  {
    name: 'emergency-open',
    as: 'radioloog',
    show: async (page, demo) => {
      await declareEmergency(page)
      const dialog = page.getByRole('alertdialog')
      await dialog.getByLabel('Toelichting').fill('aneurysma, met spoed naar de OK')
      await dialog.getByLabel('Uw wachtwoord').fill(demo.hospital(0).web.users[0]?.password ?? '')
      await page.keyboard.press('Enter')
      await page.locator('tr.row').first().waitFor()
    },
  },
  { name: 'viewer', as: 'radioloog', show: viewer },
  {
    name: 'send',
    as: 'radioloog',
    show: async (page, demo) => {
      await found(page, demo)
      await page.locator('[data-row]', { hasText: 'CT thorax' }).focus()
      await page.keyboard.press('s')
      await page.getByRole('dialog').getByLabel('Ziekenhuis').selectOption(demo.hospital(1).ura)
    },
  },
  {
    name: 'share',
    as: 'radioloog',
    phone: true,
    show: async (page, demo) => {
      await found(page, demo)
      await share(page)
    },
  },
  {
    name: 'share-given',
    as: 'radioloog',
    show: async (page, demo) => {
      await found(page, demo)
      await share(page)
      await page.keyboard.press('Enter')
      await page.getByText('Het pakket is klaar en de mail is verstuurd.').waitFor({ timeout: 60_000 })
    },
  },
  {
    name: 'shares',
    as: 'radioloog',
    phone: true,
    show: async (page) => {
      await open(page, '/gedeeld')
      await firstRow(page)
      await page.getByRole('region', { name: 'Wat er gebeurde' }).waitFor()
    },
  },
  {
    name: 'inbox',
    as: 'radioloog',
    phone: true,
    show: async (page) => {
      await open(page, '/postvak')
      await firstRow(page)
    },
  },
  {
    name: 'studies',
    as: 'radioloog',
    show: async (page) => {
      await open(page, '/studies')
      await page.getByRole('searchbox').fill('CT')
      await page.locator('[data-row]').first().waitFor()
    },
  },
  {
    name: 'transfers',
    as: 'radioloog',
    phone: true,
    show: async (page) => {
      await open(page, '/overdrachten')
      await firstRow(page)
    },
  },
  {
    name: 'exceptions',
    as: 'beheer',
    show: async (page) => {
      await open(page, '/uitzonderingen')
      await page.getByRole('article').first().waitFor()
    },
  },
  {
    name: 'read-in',
    as: 'beheer',
    show: async (page) => {
      await open(page, '/inlezen')
      await page.locator('.disc-line').first().click()
      await page.getByRole('heading', { name: 'Proef, Petra' }).waitFor()
    },
  },
  {
    name: 'consent',
    as: 'beheer',
    show: async (page) => {
      await open(page, '/toestemming')
      await page.getByRole('textbox', { name: 'BSN' }).fill('999990019')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Wat nu vastligt' }).waitFor()
    },
  },
  {
    name: 'address-book',
    as: 'radioloog',
    show: (page) => open(page, '/adresboek').then(() => page.getByRole('listitem').first().waitFor()),
  },
  {
    name: 'operations',
    as: 'beheer',
    phone: true,
    show: async (page) => {
      await open(page, '/beheer')
      await page.locator('.connection-card').first().waitFor()
    },
  },
  {
    name: 'connections',
    as: 'beheer',
    show: async (page) => {
      await open(page, '/beheer')
      const test = page.getByRole('button', { name: /^PACS.* testen$/ }).first()
      await test.click()
      await page.locator('.connection-foot .badge').first().waitFor()
      await test.scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'settings',
    as: 'beheer',
    show: (page) => open(page, '/instellingen').then(() => page.locator('.setting-path').first().waitFor()),
  },
  {
    name: 'audit',
    as: 'auditor',
    show: async (page) => {
      await open(page, '/logboek')
      await page.locator('[data-row]').first().waitFor()
    },
  },
  {
    name: 'reviews',
    as: 'auditor',
    show: async (page) => {
      await open(page, '/logboek')
      await page.getByRole('button', { name: 'Te beoordelen' }).click()
      await page.getByRole('table', { name: 'Te beoordelen' }).locator('tr.row').first().waitFor()
    },
  },
  {
    name: 'emergencies',
    as: 'auditor',
    show: async (page) => {
      await open(page, '/noodtoegang')
      await page.getByRole('article').first().waitFor()
    },
  },
  {
    name: 'users',
    as: 'beheer',
    show: (page) => open(page, '/gebruikers').then(() => page.getByRole('listitem').first().waitFor()),
  },
  { name: 'account', as: 'radioloog', show: (page) => open(page, '/account') },
  {
    name: 'locked',
    as: 'radioloog',
    phone: true,
    show: async (page) => {
      await page.getByRole('button', { name: 'Vergrendelen' }).click()
      await page.getByRole('heading', { name: 'Vergrendeld' }).waitFor()
    },
  },
]
