import { letterPdf } from '@twiin/document'
import type { LetterPart } from '@twiin/document'
import type { Clock } from '@twiin/runtime'
import type { ShareRecord, FactorKind } from '../shares/share-record.ts'
import { dayIn, momentIn, onOneLine } from './message-words.ts'
import type { Language } from './message-words.ts'

interface LetterFacts {
  hospital: string
  helpPhone: string
  /** Milliseconds since 1970, like all times here. */
  expiresAt: number
  language: Language
  madeAt: number
}

/** Letters as a share has them. */
export function shareLetters(
  texts: { hospital: string; helpPhone: string },
  { clock }: { clock: Pick<Clock, 'now'> },
) {
  const facts = ({ expiresAt, order: { language } }: ShareRecord) => ({
    ...{ ...texts, expiresAt, language, madeAt: clock.now() },
  })
  return {
    link: (url: string, record: ShareRecord) =>
      linkLetter({ ...facts(record), url, opensAt: record.opensAt, factor: record.factor.kind }),
    code: (code: string, record: ShareRecord) => codeLetter({ ...facts(record), code }),
  }
}

/** The letter with the link as a QR code. Who finds it learns the name of the hospital. spec 25 §1 */
export async function linkLetter(
  of: LetterFacts & { url: string; opensAt: number; factor: FactorKind },
): Promise<Buffer> {
  const { url, language, factor } = of
  const from = momentIn(language, of.opensAt)
  const until = momentIn(language, of.expiresAt)
  const help = onOneLine(of.helpPhone)
  const { host } = new URL(url)
  const pieces = piecesOf(url)
  const parts: LetterPart[] =
    language === 'nl'
      ? [
          {
            kind: 'text',
            text: 'Wij hebben iets voor u klaargezet op internet. U kunt het bekijken op uw telefoon of computer.',
          },
          {
            kind: 'steps',
            steps: [
              'Open de camera van uw telefoon. Richt de camera op het vierkant hieronder.',
              `Tik op de link die u ziet. De link begint met ${host}.`,
              {
                sms: 'Vraag op de pagina om een code. U krijgt de code in een sms. Vul de code in.',
                letter: 'Vul de code in. De code staat in een andere brief.',
                oidc: 'Log in op de pagina. Zo weten wij dat u het bent.',
              }[factor],
            ],
          },
          { kind: 'qr', text: url, description: `QR-code met de link ${url}` },
          {
            kind: 'text',
            text: 'Lukt het niet met de camera? Typ dan dit adres in. Typ de regels achter elkaar, zonder spaties.',
          },
          { kind: 'address', pieces },
          {
            kind: 'text',
            text: `De link werkt van ${from} tot ${until}. Bewaar deze brief goed. Geef hem aan niemand.`,
          },
          { kind: 'text', text: `Heeft u een vraag? Bel ${help}.` },
        ]
      : [
          {
            kind: 'text',
            text: 'We have put something ready for you on the internet. You can look at it on your phone or computer.',
          },
          {
            kind: 'steps',
            steps: [
              'Open the camera of your phone. Point the camera at the square below.',
              `Tap the link that you see. The link begins with ${host}.`,
              {
                sms: 'On the page, ask for a code. You get the code in a text message. Fill in the code.',
                letter: 'Fill in the code. The code is in another letter.',
                oidc: 'Log in on the page. That is how we know that it is you.',
              }[factor],
            ],
          },
          { kind: 'qr', text: url, description: `QR code with the link ${url}` },
          {
            kind: 'text',
            text: 'Does the camera not work? Then type this address. Type the lines one after the other, without spaces.',
          },
          { kind: 'address', pieces },
          {
            kind: 'text',
            text: `The link works from ${from} until ${until} (time in the Netherlands). Keep this letter safe. Give it to nobody.`,
          },
          { kind: 'text', text: `Do you have a question? Call ${help}.` },
        ]
  return write(of, { nl: 'Er staat iets voor u klaar', en: 'Something is ready for you' }, parts)
}

/** The letter with the code, which says nothing of where it belongs but the hospital. */
export async function codeLetter(of: LetterFacts & { code: string }): Promise<Buffer> {
  const { language } = of
  const until = momentIn(language, of.expiresAt)
  const help = onOneLine(of.helpPhone)
  const groups = groupsOf(of.code)
  const parts: LetterPart[] =
    language === 'nl'
      ? [
          {
            kind: 'text',
            text: 'Dit is uw code. U heeft de code nodig om te bekijken wat wij voor u hebben klaargezet.',
          },
          { kind: 'code', groups },
          {
            kind: 'steps',
            steps: [
              'Open de link die u van ons kreeg, in een mail of in een andere brief.',
              'Vul daar deze code in. Hoofdletters, kleine letters en spaties maken niet uit.',
            ],
          },
          {
            kind: 'text',
            text: `De code werkt tot ${until}. Bewaar deze brief goed. Geef de code aan niemand, ook niet aan wie zegt dat hij van ons is.`,
          },
          { kind: 'text', text: `Heeft u een vraag? Bel ${help}.` },
        ]
      : [
          {
            kind: 'text',
            text: 'This is your code. You need the code to look at what we have put ready for you.',
          },
          { kind: 'code', groups },
          {
            kind: 'steps',
            steps: [
              'Open the link that you got from us, in a mail or in another letter.',
              'Fill in this code there. Capitals, small letters and spaces make no difference.',
            ],
          },
          {
            kind: 'text',
            text: `The code works until ${until} (time in the Netherlands). Keep this letter safe. Give the code to nobody, not even to somebody who says that they are from us.`,
          },
          { kind: 'text', text: `Do you have a question? Call ${help}.` },
        ]
  return write(of, { nl: 'Uw code', en: 'Your code' }, parts)
}

const unwritable = {
  nl: '□ staat voor een letter die niet geschreven kon worden.',
  en: '□ stands for a letter that could not be written.',
}

const write = (
  { hospital, language, madeAt }: LetterFacts,
  title: Record<Language, string>,
  parts: readonly LetterPart[],
) =>
  letterPdf({
    ...{ title: title[language], language, sender: onOneLine(hospital), parts },
    ...{ date: dayIn(language, madeAt), unwritable: unwritable[language], madeAt: new Date(madeAt) },
  })

/** Where a reader who types takes a breath: after the host, before the key; no piece longer than a line. */
function piecesOf(url: string): string[] {
  const { origin } = new URL(url)
  const key = url.indexOf('#')
  const cuts = [0, origin.length + 1, key < 0 ? url.length : key, url.length]
  const lines = cuts.slice(1).map((end, at) => url.slice(cuts[at], end))
  return lines.flatMap((line) => line.match(/.{1,60}/g) ?? [])
}

const groupsOf = (code: string): string[] => code.replaceAll(/[\s-]/g, '').match(/.{1,5}/g) ?? []
