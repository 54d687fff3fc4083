import { buffer } from 'node:stream/consumers'
import { runsOf } from './letters.ts'
import { PdfKit, boldFont, fonts, monoFonts } from './pdfkit.ts'
import type { PdfDocument, Structure } from './pdfkit.ts'
import { qrModules } from './qr-modules.ts'

/** A piece of a letter, in the order in which it is read. */
export type LetterPart =
  | { readonly kind: 'heading' | 'text'; readonly text: string }
  /** Numbered from 1. */
  | { readonly kind: 'steps'; readonly steps: readonly string[] }
  /** A QR code of `text`; `description` is what somebody hears who cannot see it. */
  | { readonly kind: 'qr'; readonly text: string; readonly description: string }
  /** An address to be typed, in pieces that each have a line; they make the whole when joined, which is where a click goes. */
  | { readonly kind: 'address'; readonly pieces: readonly string[] }
  /** Large, with room between the groups. */
  | { readonly kind: 'code'; readonly groups: readonly string[] }

/** A letter that is handed over. Nobody's name is in it unless the words name somebody. */
export interface LetterContent {
  title: string
  language: 'nl' | 'en'
  sender: string
  /** As written above the letter. */
  date: string
  parts: readonly LetterPart[]
  /** At the end, when a letter of the alphabet could not be written. */
  unwritable: string
  /** No clock here, so that the same content gives the same bytes. */
  madeAt: Date
}

const margin = 56
const qrPoints = 200
/** ISO/IEC 18004 §5.3.8: four modules of white around it. */
const quiet = 4

/** A4, its fonts inside, with a title, a language and its structure for who hears it read. */
export async function letterPdf(content: LetterContent): Promise<Buffer> {
  const document = new PdfKit({
    size: 'A4',
    margins: { top: margin, bottom: margin, left: margin, right: margin },
    ...{ tagged: true, displayTitle: true, pdfVersion: '1.7' },
    lang: { nl: 'nl-NL', en: 'en-GB' }[content.language],
    info: { Title: content.title, Producer: 'Twiin', Creator: 'Twiin', CreationDate: content.madeAt },
  })
  const whole = buffer(document)
  for (const { name, file } of [...fonts, boldFont, ...monoFonts]) document.registerFont(name, file)
  new LetterWriter(document).write(content)
  document.end()
  return whole
}

class LetterWriter {
  readonly #document: PdfDocument
  readonly #structure: Structure
  readonly #width: number
  #unwritable = false

  constructor(document: PdfDocument) {
    this.#document = document
    this.#structure = document.struct('Document')
    document.addStructure(this.#structure)
    this.#width = document.page.width - 2 * margin
  }

  write({ title, sender, date, parts, unwritable }: LetterContent): void {
    const document = this.#document
    this.#said('P', () => this.#text(sender, { size: 13, bold: true }))
    this.#said('P', () => this.#text(date, { size: 11 }))
    document.moveDown(1)
    this.#said('H1', () => this.#text(title, { size: 19, bold: true }))
    document.moveDown(0.3)
    for (const part of parts) this.#part(part)
    if (this.#unwritable) this.#said('P', () => this.#text(unwritable, { size: 9, bold: true }))
    this.#structure.end()
  }

  #part(part: LetterPart): void {
    const document = this.#document
    switch (part.kind) {
      case 'heading':
        document.moveDown(0.4)
        return this.#said('H2', () => this.#text(part.text, { size: 13, bold: true }))
      case 'text':
        this.#said('P', () => this.#text(part.text, { size: 12 }))
        document.moveDown(0.4)
        return
      case 'steps':
        for (const [at, step] of part.steps.entries()) {
          this.#said('P', () => this.#step(at + 1, step))
          document.moveDown(0.3)
        }
        document.moveDown(0.2)
        return
      case 'qr':
        return this.#qr(part)
      case 'address':
        return this.#address(part.pieces)
      case 'code':
        return this.#code(part.groups)
    }
  }

  #said(type: string, draw: () => void, options: { alt?: string; actual?: string } = {}): void {
    this.#structure.add(this.#document.struct(type, options, draw))
  }

  #text(text: string, how: { size: number; bold?: boolean; indent?: number }): void {
    const { runs, unwritable } = runsOf(text)
    if (unwritable) this.#unwritable = true
    const [x, width] = [margin + (how.indent ?? 0), this.#width - (how.indent ?? 0)]
    this.#document.fontSize(how.size).fillColor('#000000')
    for (const [at, { font, text: run }] of runs.entries()) {
      const continued = at < runs.length - 1
      this.#document.font(how.bold === true && font === 'latin' ? boldFont.name : font)
      if (at === 0) this.#document.text(run, x, this.#document.y, { width, continued })
      else this.#document.text(run, { continued })
    }
  }

  #step(number: number, text: string): void {
    const { y } = this.#document
    this.#text(`${number}.`, { size: 12, bold: true })
    this.#document.y = y
    this.#text(text, { size: 12, indent: 22 })
  }

  #qr({ text, description }: { text: string; description: string }): void {
    const rows = qrModules(text)
    // A whole number of quarter points, so that edges of modules fall together when it is drawn.
    const module = Math.floor((4 * qrPoints) / rows.length) / 4
    const size = module * (rows.length + 2 * quiet)
    this.#makeRoom(size)
    const [left, top] = [(this.#document.page.width - size) / 2, this.#document.y]
    const draw = () => {
      for (const [at, row] of rows.entries())
        for (const { from, length } of darkRuns(row))
          this.#document.rect(
            left + module * (quiet + from),
            top + module * (quiet + at),
            module * length,
            module,
          )
      this.#document.fill('#000000')
    }
    this.#said('Figure', draw, { alt: description })
    this.#document.y = top + size
  }

  #address(pieces: readonly string[]): void {
    const document = this.#document
    const link = pieces.join('')
    const draw = () => {
      document.font('mono').fontSize(10.5)
      for (const piece of pieces) document.text(piece, margin, document.y, { width: this.#width, link })
    }
    this.#said('P', draw, { actual: link })
    document.moveDown(0.8)
  }

  #code(groups: readonly string[]): void {
    const document = this.#document
    this.#makeRoom(90)
    document.moveDown(0.5)
    const draw = () =>
      void document
        .font('mono-bold')
        .fontSize(36)
        .fillColor('#000000')
        .text(groups.join('  '), margin, document.y, { width: this.#width })
    this.#said('P', draw, { actual: groups.join(' ') })
    document.moveDown(0.5)
  }

  #makeRoom(height: number): void {
    const { page, y } = this.#document
    if (y + height > page.height - margin) this.#document.addPage()
  }
}

/** Modules side by side are one rectangle: no seams. */
function darkRuns(row: readonly boolean[]): { from: number; length: number }[] {
  const runs: { from: number; length: number }[] = []
  for (const [at, dark] of row.entries()) {
    const last = runs.at(-1)
    if (!dark) continue
    if (last !== undefined && last.from + last.length === at) last.length++
    else runs.push({ from: at, length: 1 })
  }
  return runs
}
