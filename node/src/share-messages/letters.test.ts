import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readingEase } from '@twiin/share-pages/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeLetter, linkLetter } from './letters.ts'

const tools = ['/usr/bin/pdftoppm', '/usr/bin/pdftotext', '/usr/bin/pdfinfo', '/usr/bin/zbarimg']
const url = `https://beelden.ziekenhuis-met-een-lange-naam.example:21007/z/lAbCdEfGhIjKlMnOpQrS-_v#${'Az09-_bC'.repeat(5)}xyz`
const facts = {
  ...{ hospital: 'Ziekenhuis Coëvorden (fictief)', helpPhone: '088 123 45 67', language: 'nl' as const },
  madeAt: Date.parse('2026-11-26T13:35:00Z'),
  expiresAt: Date.parse('2026-12-10T13:35:00Z'),
}
const link = { ...facts, url, opensAt: facts.madeAt, factor: 'sms' as const }
const both = ['nl', 'en'] as const

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-letter-'))
})
afterAll(() => rm(dir, { recursive: true }))

async function saved(pdf: Buffer): Promise<string> {
  const file = join(dir, `${Math.random()}.pdf`)
  await writeFile(file, pdf)
  return file
}
const run = (tool: string, ...args: string[]) =>
  execFileSync(tool, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

/** What a stranger's reader makes of the code on the page, drawn at this many dots per inch. */
function scanned(file: string, resolution: number): string {
  run('pdftoppm', '-r', String(resolution), '-gray', '-singlefile', file, file)
  return run('zbarimg', '-q', '--raw', `${file}.pgm`).trimEnd()
}

describe.skipIf(!tools.every((tool) => existsSync(tool)))(
  'letters (needs poppler-utils and zbar-tools)',
  () => {
    it.each([72, 150, 300])(
      'a QR code that a telephone reads as the whole address, at %i dpi',
      async (resolution) => {
        expect(scanned(await saved(await linkLetter(link)), resolution)).toBe(url)
      },
    )

    it.each(both)('is one page with a title, a language and a structure (%s)', async (language) => {
      const title = { nl: 'Er staat iets voor u klaar', en: 'Something is ready for you' }[language]
      const pdf = await linkLetter({ ...link, language })
      const file = await saved(pdf)
      const info = run('pdfinfo', file)
      expect(info).toMatch(new RegExp(`^Title: +${title}$`, 'm'))
      expect(info).toMatch(/^Tagged: +yes$/m)
      expect(info).toMatch(/^Pages: +1$/m)
      expect(pdf.toString('latin1')).toContain(`/Lang (${{ nl: 'nl-NL', en: 'en-GB' }[language]})`)
      const structure = run('pdfinfo', '-struct-text', file)
      expect(structure.indexOf('H1')).toBeGreaterThan(0)
      // Whoever hears it gets the address whole.
      expect(structure).toContain(url)
    })

    it('has the address below to be typed, the steps, the help number and until when', async () => {
      const text = run('pdftotext', '-layout', await saved(await linkLetter(link)), '-')
      expect(text.replaceAll(/\s/g, '')).toContain(url)
      for (const step of ['1.', '2.', '3.']) expect(text).toMatch(new RegExp(`^ *${step}`, 'm'))
      expect(text).toContain('088 123 45 67')
      expect(text.replaceAll(/\s+/g, ' ')).toContain('tot donderdag 10 december 2026, 14.35 uur')
      expect(text).toContain('Ziekenhuis Coëvorden (fictief)')
    })

    it.each(both)('says nothing of images, reports or departments (%s)', async (language) => {
      const medical =
        /\bbeeld|scan|foto|onderzoek|verslag|radiolog|arts|\bpati|uitslag|image|picture|report|study|doctor/i
      for (const factor of ['sms', 'letter', 'oidc'] as const) {
        const pdf = await linkLetter({ ...link, url: 'https://h.example/z/l#k', language, factor })
        expect(run('pdftotext', await saved(pdf), '-')).not.toMatch(medical)
      }
      expect(
        run('pdftotext', await saved(await codeLetter({ ...facts, language, code: '23456789AB' })), '-'),
      ).not.toMatch(medical)
    })

    it.each(both)('are easy to read: about B1 (%s)', async (language) => {
      const code = '23456789AB'
      for (const pdf of [
        await linkLetter({ ...link, language }),
        await codeLetter({ ...facts, language, code }),
      ]) {
        const text = run('pdftotext', await saved(pdf), '-')
        expect(readingEase(text, language)).toBeGreaterThan(60)
      }
    })

    it('the code stands in two groups of five, and no link with it', async () => {
      for (const code of ['ABCDE-FGHJK', 'ABCDEFGHJK']) {
        const pdf = await codeLetter({ ...facts, code })
        const text = run('pdftotext', '-layout', await saved(pdf), '-')
        expect(text).toMatch(/^ *ABCDE +FGHJK$/m)
        expect(text).not.toContain('http')
      }
    })

    it('a long name of the hospital leaves the code on one page whole', async () => {
      const file = await saved(await linkLetter({ ...link, hospital: `${'Lang '.repeat(300)}huis` }))
      const pages = Number(/^Pages: +(\d+)$/m.exec(run('pdfinfo', file))?.[1])
      expect(pages).toBe(2)
      run('pdftoppm', '-r', '100', '-gray', file, file)
      expect(run('zbarimg', '-q', '--raw', `${file}-2.pgm`).trimEnd()).toBe(url)
    })

    it('the same facts give the same bytes', async () => {
      const [one, other] = [await linkLetter(link), await linkLetter(link)]
      expect(one.equals(other)).toBe(true)
    })
  },
)
