import type { FactorKind } from '../shares/share-record.ts'
import { momentIn, onOneLine } from './message-words.ts'
import type { Language } from './message-words.ts'

export interface ShareMail {
  subject: string
  text: string
  html: string
}

/** What a mail says. Nobody's name is in it, and nothing of a body. */
export interface LinkMailContent {
  url: string
  hospital: string
  /** Milliseconds since 1970, like `expiresAt`. */
  opensAt: number
  expiresAt: number
  helpPhone: string
  factor: FactorKind
  language: Language
}

interface Words {
  subject: string
  greeting: string
  ready: string
  open: string
  from: string
  code: Record<FactorKind, string>
  copy: string
  realTitle: string
  real: string[]
  doubt: string
  help: string
  greetings: string
}

const nl = ({ hospital, helpPhone, opensAt, expiresAt, url }: LinkMailContent): Words => ({
  subject: `${hospital}: er staat iets voor u klaar`,
  greeting: 'Geachte heer of mevrouw,',
  ready: `${hospital} heeft iets voor u klaargezet. U kunt het bekijken op uw telefoon of computer.`,
  open: 'Open deze link:',
  from: `De link werkt van ${momentIn('nl', opensAt)} tot ${momentIn('nl', expiresAt)}.`,
  code: {
    sms: 'U heeft ook een code nodig. De code staat niet in deze mail. U krijgt de code in een sms, als u daar op de pagina om vraagt.',
    letter:
      'U heeft ook een code nodig. De code staat niet in deze mail. De code staat in de brief die u van ons krijgt.',
    oidc: 'Op de pagina logt u in. Zo weten wij dat u het bent.',
  },
  copy: 'Werkt de link niet? Kopieer dan de hele link, tot en met het laatste teken.',
  realTitle: 'Is deze mail echt?',
  real: [
    `De link begint met ${originOf(url)}/`,
    'Wij vragen u nooit om geld, of om gegevens van uw bank.',
    'Wij vragen u nooit om een code of een wachtwoord aan iemand te geven.',
  ],
  doubt: `Twijfelt u? Open de link niet. Zoek ons nummer op onze eigen website en bel ons.`,
  help: `Heeft u een vraag? Bel ${helpPhone}. U kunt deze mail niet beantwoorden.`,
  greetings: 'Met vriendelijke groet,',
})

const en = ({ hospital, helpPhone, opensAt, expiresAt, url }: LinkMailContent): Words => ({
  subject: `${hospital}: something is ready for you`,
  greeting: 'Dear Sir or Madam,',
  ready: `${hospital} has put something ready for you. You can look at it on your phone or computer.`,
  open: 'Open this link:',
  from: `The link works from ${momentIn('en', opensAt)} until ${momentIn('en', expiresAt)} (time in the Netherlands).`,
  code: {
    sms: 'You also need a code. The code is not in this mail. You get it in a text message, when you ask for it on the page.',
    letter: 'You also need a code. The code is not in this mail. It is in the letter that you get from us.',
    oidc: 'On the page you log in. That is how we know that it is you.',
  },
  copy: 'Does the link not work? Then copy the whole link, up to the last character.',
  realTitle: 'Is this mail real?',
  real: [
    `The link begins with ${originOf(url)}/`,
    'We never ask you for money, or for details of your bank.',
    'We never ask you to give a code or a password to anybody.',
  ],
  doubt: 'Are you not sure? Do not open the link. Look up our number on our own website and call us.',
  help: `Do you have a question? Call ${helpPhone}. You cannot answer this mail.`,
  greetings: 'Kind regards,',
})

/** The mail with the link (spec 25 §9). The address stands on a line of its own. */
export function linkMail(of: LinkMailContent): ShareMail {
  const content = { ...of, hospital: onOneLine(of.hospital), helpPhone: onOneLine(of.helpPhone) }
  const words = { nl, en }[of.language](content)
  return { subject: words.subject, text: textOf(words, content), html: htmlOf(words, content) }
}

function textOf(words: Words, { url, hospital, factor }: LinkMailContent): string {
  const paragraphs = [
    ...[words.greeting, words.ready, words.open, url, words.from, words.code[factor], words.copy],
    [words.realTitle, ...words.real.map((line) => `- ${line}`), words.doubt].join('\n'),
    ...[words.help, `${words.greetings}\n${hospital}`],
  ]
  return `${paragraphs.join('\n\n')}\n`
}

function htmlOf(words: Words, { url, hospital, factor, language }: LinkMailContent): string {
  const p = (text: string) => `<p>${escaped(text)}</p>`
  const address = escaped(url)
  // No pictures and no style sheet: nothing is fetched, and no mail program takes anything away.
  return [
    `<!doctype html>`,
    `<html lang="${language}">`,
    `<head><meta charset="utf-8"><title>${escaped(words.subject)}</title></head>`,
    '<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5; max-width: 36em">',
    ...[p(words.greeting), p(words.ready), p(words.open)],
    `<p><a href="${address}" style="font-size: 18px; word-break: break-all">${address}</a></p>`,
    ...[p(words.from), p(words.code[factor]), p(words.copy)],
    `<h2 style="font-size: 18px">${escaped(words.realTitle)}</h2>`,
    ...['<ul>', ...words.real.map((line) => `<li>${escaped(line)}</li>`), '</ul>'],
    ...[p(words.doubt), p(words.help)],
    `<p>${escaped(words.greetings)}<br>${escaped(hospital)}</p>`,
    ...['</body>', '</html>', ''],
  ].join('\n')
}

const originOf = (url: string) => new URL(url).origin

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? '')
