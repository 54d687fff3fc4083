/** What the viewer says, in plain words: one key, two languages. The script gets it as data. */
export const viewerWords = {
  nl: {
    title: 'Uw beelden en verslagen',
    from: 'Van',
    for: 'Voor',
    madeAt: 'Gemaakt op',
    language: 'English',
    unpack:
      'Ziet u geen beelden? Pak dan eerst het hele zip-bestand uit. Op een computer met Windows: klik met de rechter muisknop op het zip-bestand en kies “Alles uitpakken”. Open daarna deze pagina in de nieuwe map.',
    noDate: 'Datum onbekend',
    look: 'Beelden bekijken',
    onePicture: '1 beeld',
    pictures: '{n} beelden',
    noPictures: 'Hier zijn geen beelden van.',
    report: 'Verslag lezen',
    close: 'Verslag sluiten',
    pdf: 'Verslag als PDF',
    back: 'Terug naar de lijst',
    previous: 'Vorige',
    next: 'Volgende',
    which: 'Beeld',
    position: 'Beeld {n} van {total}',
    larger: 'Groter',
    smaller: 'Kleiner',
    fit: 'Hele beeld',
    brightness: 'Helderheid',
    reset: 'Normaal',
    left: 'Naar links',
    right: 'Naar rechts',
    up: 'Omhoog',
    down: 'Omlaag',
    missing: 'Dit beeld is niet gevonden. Pak eerst het hele zip-bestand uit.',
    stage:
      'Beeld. Met de pijltjes gaat u naar het vorige of volgende beeld, met plus en min maakt u het groter of kleiner.',
    doctor:
      'Hebt u vragen over wat u ziet? Vraag het uw arts. Deze beelden zijn niet bedoeld om zelf een diagnose te stellen.',
    private: 'Dit zijn medische gegevens. Bewaar ze op een plek waar alleen u bij kunt.',
    dicom: 'Gaat u naar een ander ziekenhuis? Neem dan de hele map mee. Daar kan men DICOMDIR openen.',
  },
  en: {
    title: 'Your images and reports',
    from: 'From',
    for: 'For',
    madeAt: 'Made on',
    language: 'Nederlands',
    unpack:
      'Do you see no images? First unpack the whole zip file. On a computer with Windows: click the zip file with the right mouse button and choose “Extract all”. Then open this page in the new folder.',
    noDate: 'Date not known',
    look: 'See the images',
    onePicture: '1 image',
    pictures: '{n} images',
    noPictures: 'There are no images of this.',
    report: 'Read the report',
    close: 'Close the report',
    pdf: 'Report as PDF',
    back: 'Back to the list',
    previous: 'Previous',
    next: 'Next',
    which: 'Image',
    position: 'Image {n} of {total}',
    larger: 'Larger',
    smaller: 'Smaller',
    fit: 'Whole image',
    brightness: 'Brightness',
    reset: 'Normal',
    left: 'To the left',
    right: 'To the right',
    up: 'Up',
    down: 'Down',
    missing: 'This image was not found. First unpack the whole zip file.',
    stage: 'Image. The arrow keys go to the image before or after, plus and minus make it larger or smaller.',
    doctor:
      'Do you have questions about what you see? Ask your doctor. These images are not meant for making a diagnosis yourself.',
    private: 'This is medical information. Keep it where only you can reach it.',
    dicom: 'Are you going to another hospital? Take the whole folder with you. They can open DICOMDIR there.',
  },
} as const

const months = {
  nl: 'januari februari maart april mei juni juli augustus september oktober november december'.split(' '),
  en: 'January February March April May June July August September October November December'.split(' '),
}

/** `2026-03-14` → 14 maart 2026. */
export function dayInWords(date: string, language: 'nl' | 'en'): string {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date) ?? []
  const name = months[language][Number(month) - 1]
  return name === undefined ? viewerWords[language].noDate : `${Number(day)} ${name} ${Number(year)}`
}
