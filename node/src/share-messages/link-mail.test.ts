import { readingEase } from '@twiin/share-pages/testing'
import { describe, expect, it } from 'vitest'
import { codeText } from './code-text.ts'
import { linkMail } from './link-mail.ts'

const key = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE'
const url = `https://beelden.ziekenhuis.example/z/sAbCdEfGhIjKlMnOpQrStUv#${key}`
const content = {
  ...{ url, hospital: 'Ziekenhuis Voorbeeld (fictief)', helpPhone: '088 123 45 67', factor: 'sms' as const },
  opensAt: Date.parse('2026-11-26T13:35:00Z'),
  expiresAt: Date.parse('2026-12-10T13:35:00Z'),
  language: 'nl' as const,
}
const both = ['nl', 'en'] as const
const factors = ['sms', 'letter', 'oidc'] as const

describe('the mail with the link', () => {
  it.each(both)('has the whole address on a line of its own, and the help number (%s)', (language) => {
    const { text, html } = linkMail({ ...content, language })
    expect(text.split('\n').filter((line) => line === url)).toHaveLength(1)
    expect(html).toContain(`<a href="${url}"`)
    expect(html).toContain(`<html lang="${language}">`)
    for (const part of [text, html]) expect(part).toContain('088 123 45 67')
  })

  it('says until when, by the clock of the Netherlands', () => {
    expect(linkMail(content).text).toContain('tot donderdag 10 december 2026, 14.35 uur')
    expect(linkMail({ ...content, language: 'en' }).text).toContain('until Thursday, 10 December 2026, 14:35')
  })

  it.each(both)('says nothing of images, reports or departments (%s)', (language) => {
    const medical =
      /\bbeeld|scan|foto|onderzoek|verslag|radiolog|arts|\bpati|uitslag|image|picture|report|study|doctor|result/i
    for (const factor of factors) {
      const { subject, text, html } = linkMail({
        ...{ ...content, language, factor },
        url: 'https://h.example/z/s#k',
      })
      for (const part of [subject, text, html]) expect(part).not.toMatch(medical)
    }
  })

  it('tells for each second factor where the code comes from, and never has one', () => {
    expect(linkMail({ ...content, factor: 'sms' }).text).toContain('in een sms')
    expect(linkMail({ ...content, factor: 'letter' }).text).toContain('in de brief')
    expect(linkMail({ ...content, factor: 'oidc' }).text).toContain('logt u in')
  })

  it('how to tell it from a false one: what the link begins with, and our own number', () => {
    const { text } = linkMail(content)
    expect(text).toContain('De link begint met https://beelden.ziekenhuis.example/')
    expect(text).toContain('Zoek ons nummer op onze eigen website')
  })

  it('a name of the hospital is text, in no header and in no tag', () => {
    const { subject, html } = linkMail({
      ...content,
      hospital: 'Zuid & <b>Noord</b>\r\nBcc: iemand@elders.example\u2028',
    })
    expect(subject).toBe('Zuid & <b>Noord</b> Bcc: iemand@elders.example: er staat iets voor u klaar')
    expect(html).toContain('Zuid &amp; &lt;b&gt;Noord&lt;/b&gt;')
    expect(html).not.toContain('<b>')
  })
})

/** Easy: what most adults read at once, about B1. */
const easy = 60

it.each(both)('mail and text message are easy to read (%s)', (language) => {
  for (const factor of factors)
    expect(readingEase(linkMail({ ...content, language, factor }).text, language)).toBeGreaterThan(easy)
  const hospital = 'Ziekenhuis Voorbeeld'
  expect(readingEase(codeText({ code: '123456', hospital, language }), language)).toBeGreaterThan(easy)
})

describe('the text message', () => {
  it.each(both)('is one message, with the code first (%s)', (language) => {
    const text = codeText({ code: '123456', hospital: `${'Z'.repeat(59)}s`, language })
    expect(text.startsWith('123456 ')).toBe(true)
    // GSM 03.38: 160 letters, when all are of its alphabet.
    expect(text.length).toBeLessThanOrEqual(160)
    expect(text).toMatch(/^[\x20-\x7e]+$/)
  })
})
