import { Script, createContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { miniViewer } from '../../index.ts'
import type { MiniViewerContent } from '../../index.ts'
import { dayInWords, viewerWords } from './words.ts'

const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(1)> "'\`&amp;\u2028\u2029\u0000\r\n\ud800${'${x}'}`
const content = (text: string, changes: Partial<MiniViewerContent> = {}): MiniViewerContent => ({
  ...{ hospital: text, language: 'nl', patient: text, madeAt: '2026-11-26', dicom: true },
  studies: [
    {
      ...{ date: '2026-03-14', words: { nl: text, en: text }, hospital: text },
      series: [{ words: { nl: text, en: text }, pictures: ['PICTURES/ST000001/SE000001/IM000001.JPG'] }],
      reports: [
        { title: text, date: '2026-03-15', text, pdf: 'REPORTS/RP000001.PDF' },
        { title: text, date: '', text: '' },
      ],
    },
  ],
  ...changes,
})

function filesOf(of: MiniViewerContent): Record<string, string> {
  return Object.fromEntries(
    miniViewer(of).map(({ place, bytes }) => [place.join('/'), Buffer.from(bytes).toString('utf8')]),
  )
}

const page = createContext({})
/** What the page's script finds. */
function dataIn(files: Record<string, string>): unknown {
  new Script(files['VIEWER/DATA.JS']!).runInContext(page)
  return JSON.parse(JSON.stringify((page as { shareContent: unknown }).shareContent))
}

describe('the viewer in a zip', () => {
  it('has names that fit a disc, one page, in the language of the share', () => {
    const names = (language: 'nl' | 'en') => Object.keys(filesOf(content('a', { language })))
    const others = ['VIEWER/DATA.JS', 'VIEWER/VIEWER.JS', 'VIEWER/STYLE.CSS']
    expect(names('nl')).toEqual(['README.TXT', 'BEKIJKEN.HTM', ...others])
    expect(names('en')).toEqual(['README.TXT', 'VIEW.HTM', ...others])
    for (const name of [...names('nl'), ...names('en')])
      for (const part of name.split('/')) expect(part).toMatch(/^[A-Z0-9_]{1,8}(\.[A-Z]{2,3})?$/)
  })

  it('takes every text as text: none ends an element, a line or a string', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constant(hostile))
    const plain = filesOf(content('a'))
    const tags = (page: string) => page.match(/<[^>]*>/g)
    fc.assert(
      fc.property(texts, (text) => {
        const files = filesOf(content(text))
        expect(tags(files['BEKIJKEN.HTM']!)).toEqual(tags(plain['BEKIJKEN.HTM']!))
        expect(files['VIEWER/DATA.JS']).toMatch(/^var shareContent = [^<>&\n\u007f-\uffff]*;\n$/)
        expect(files['VIEWER/VIEWER.JS']).toBe(plain['VIEWER/VIEWER.JS'])
        expect(dataIn(files)).toMatchObject({
          ...{ hospital: text, patient: text, madeAt: { nl: '26 november 2026', en: '26 November 2026' } },
          studies: [
            {
              words: { nl: text, en: text },
              reports: [
                { title: text, text },
                { text: '', pdf: '' },
              ],
            },
          ],
        })
      }),
    )
  })

  it('leads to files of the zip only, by script and without', () => {
    const pictures = [
      'PICTURES/A B.JPG',
      'javascript:alert(1)',
      '//elsewhere.example/a#b?c'.slice(2),
      'é%.JPG',
    ]
    const words = { nl: 'a', en: 'a' }
    const study = { date: '', words, hospital: '', series: [{ words, pictures }], reports: [] }
    const files = filesOf(content('', { studies: [study] }))
    const links = [...files['BEKIJKEN.HTM']!.matchAll(/<a href="([^"]*)"/g)].map(([, link]) => link)
    expect(links.map((link) => decodeURIComponent(link!))).toEqual(pictures)
    for (const link of links) {
      const address = new URL(link!, 'file:///folder/BEKIJKEN.HTM')
      expect([address.protocol, address.hash, address.search]).toEqual(['file:', '', ''])
      expect(address.pathname).toMatch(/^\/folder\//)
    }
    expect(dataIn(files)).toMatchObject({ studies: [{ series: [{ pictures: links }] }] })
    for (const wrong of ['/etc/passwd', '../a', 'a/../../b', 'a//b', './a'])
      expect(() =>
        filesOf(content('', { studies: [{ ...study, series: [{ words, pictures: [wrong] }] }] })),
      ).toThrow(RangeError)
  })

  it('lets the browser load own files only, and asks nothing of any network', () => {
    const files = filesOf(content('a'))
    const page = files['BEKIJKEN.HTM']!
    expect(page).toContain(
      `content="default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file:; base-uri 'none'; form-action 'none'"`,
    )
    expect([...page.matchAll(/(?:src|<link[^>]*href)="([^"]*)"/g)].map(([, from]) => from)).toEqual([
      ...['VIEWER/STYLE.CSS', 'VIEWER/DATA.JS', 'VIEWER/VIEWER.JS'],
    ])
    for (const text of Object.values(files)) expect(text).not.toMatch(/https?:|\/\/[a-z]|url\(|@import/i)
    const script = files['VIEWER/VIEWER.JS']!
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|fetch|XMLHttp|WebSocket|sendBeacon|import\b|localStorage/,
    )
    // One classic script, whole.
    expect(() => new Script(script)).not.toThrow()
  })

  it('is a list with text and links when no script runs', () => {
    const page = filesOf(content('Woord'))['BEKIJKEN.HTM']!
    for (const shown of [
      'Woord (1 beeld)',
      '>Beeld 1</a>',
      '>Verslag als PDF</a>',
      '14 maart 2026',
      '“Alles uitpakken”',
    ])
      expect(page).toContain(shown)
  })

  it('has every text that it says in both languages', () => {
    const script = filesOf(content('a'))['VIEWER/VIEWER.JS']!
    const used = [...script.matchAll(/(?:say|word)\('(\w+)'/g)].map(([, key]) => key!)
    expect(used.length).toBeGreaterThan(20)
    for (const key of used) expect(viewerWords.nl).toHaveProperty(key)
    expect(Object.keys(viewerWords.en)).toEqual(Object.keys(viewerWords.nl))
    const facts = (text: string) => text.match(/\{\w+\}/g)
    for (const [key, text] of Object.entries(viewerWords.nl))
      expect(facts(viewerWords.en[key as keyof typeof viewerWords.en])).toEqual(facts(text))
  })

  it('says a day in words, and that it is not known', () => {
    expect(dayInWords('2026-03-04', 'nl')).toBe('4 maart 2026')
    expect(dayInWords('2026-12-31', 'en')).toBe('31 December 2026')
    for (const none of ['', '2026-13-01', 'gisteren']) expect(dayInWords(none, 'nl')).toBe('Datum onbekend')
  })

  it('has a readme that says nothing of any patient, and of DICOM only when it is there', () => {
    const readme = (changes: Partial<MiniViewerContent>) =>
      filesOf(content('Janssen', { hospital: 'Elders\n(fictief)', ...changes }))['README.TXT']!
    expect(readme({})).not.toMatch(/Janssen|2026-03/)
    expect(readme({})).toContain('Van: Elders (fictief)\r\n')
    expect(readme({})).toContain('BEKIJKEN.HTM')
    expect(readme({ language: 'en' })).toContain('VIEW.HTM')
    expect(readme({})).toContain('DICOMDIR')
    expect(readme({ dicom: false })).not.toContain('DICOM')
  })
})
