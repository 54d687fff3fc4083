import type { MiniViewerContent } from './content.ts'
import { pageNames } from './page-names.ts'

const texts = {
  nl: {
    title: 'Beelden en verslagen',
    from: 'Van',
    at: 'Gemaakt op',
    see: [
      'Zo bekijkt u de beelden',
      '1. Pak eerst het hele zip-bestand uit. Op een computer met Windows: klik met de rechter muisknop op het zip-bestand en kies "Alles uitpakken".',
      `2. Open in de nieuwe map het bestand ${pageNames.nl}. U hebt alleen een browser nodig, en geen internet.`,
    ],
    folders: 'Wat zit er in de map?',
    pictures: 'PICTURES: de beelden als gewone foto (JPEG).',
    reports: 'REPORTS: de verslagen (PDF).',
    dicom:
      'DICOMDIR en DICOM: de beelden zoals het ziekenhuis ze heeft. Geef de hele map aan uw zorgverlener. Een programma voor DICOM-beelden opent het bestand DICOMDIR.',
    private: 'Dit zijn medische gegevens. Bewaar ze op een plek waar alleen u bij kunt.',
  },
  en: {
    title: 'Images and reports',
    from: 'From',
    at: 'Made on',
    see: [
      'How to see the images',
      '1. First unpack the whole zip file. On a computer with Windows: click the zip file with the right mouse button and choose "Extract all".',
      `2. In the new folder, open the file ${pageNames.en}. All you need is a browser. You do not need the internet.`,
    ],
    folders: 'What is in the folder?',
    pictures: 'PICTURES: the images as ordinary photos (JPEG).',
    reports: 'REPORTS: the reports (PDF).',
    dicom:
      'DICOMDIR and DICOM: the images as the hospital has them. Give the whole folder to your doctor. A program for DICOM images opens the file DICOMDIR.',
    private: 'This is medical information. Keep it where only you can reach it.',
  },
} as const

/** `README.TXT`: it says nothing of any patient. */
export function readme(of: Pick<MiniViewerContent, 'language' | 'hospital' | 'madeAt' | 'dicom'>): string {
  const say = texts[of.language]
  const lines = [
    ...[say.title, '', `${say.from}: ${line(of.hospital)}`, `${say.at}: ${line(of.madeAt)}`],
    ...['', ...say.see, '', say.folders, say.pictures, say.reports, ...(of.dicom ? [say.dicom] : [])],
    ...['', say.private, ''],
  ]
  return lines.join('\r\n')
}

const line = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
