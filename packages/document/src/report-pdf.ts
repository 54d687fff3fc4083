import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { runsOf } from './letters.ts'
import { PdfKit, boldFont, fonts } from './pdfkit.ts'
import type { PdfDocument } from './pdfkit.ts'

/** A document of headings and text, with a table of facts in front. */
export interface PdfContent {
  title: string
  /** `Patiënt` → `Jansen, Anna`; shown in this order, those without a value left out. */
  facts: readonly (readonly [label: string, value: string])[]
  lines: readonly { kind: 'heading' | 'text'; level: number; text: string }[]
  /** At the end: what this document is, and is not. */
  remark: string
  /** At the end too, when a letter could not be written. */
  unwritable: string
  /** When its content was made: no clock, so that the same content gives the same bytes. */
  madeAt: Date
}

/** Letters laid out without letting others have their turn: some milliseconds. */
const piece = 400
const mostIndent = 8

/** A4, searchable, its fonts inside. Takes a turn of the event loop for every few hundred letters. */
export async function reportPdf(content: PdfContent): Promise<Buffer> {
  const document = new PdfKit({
    size: 'A4',
    margins: { top: 56, bottom: 64, left: 56, right: 56 },
    bufferPages: true,
    autoFirstPage: true,
    info: { Title: content.title, Producer: 'Twiin', Creator: 'Twiin', CreationDate: content.madeAt },
  })
  const whole = buffer(document)
  for (const { name, file } of [...fonts, boldFont]) document.registerFont(name, file)
  const writer = new Writer(document)
  await writer.write(content.title, { size: 16, bold: true })
  document.moveDown(0.5)
  for (const [label, value] of content.facts) if (value !== '') await writer.fact(label, value)
  writer.rule()
  for (const { kind, level, text } of content.lines) {
    if (kind === 'heading') document.moveDown(level === 0 ? 0.8 : 0.4)
    await writer.write(text, {
      size: kind === 'heading' && level === 0 ? 12 : 10.5,
      bold: kind === 'heading',
      level,
    })
  }
  writer.rule()
  await writer.write(content.remark, { size: 8.5 })
  if (writer.unwritable) await writer.write(content.unwritable, { size: 8.5, bold: true })
  numberPages(document)
  document.end()
  return whole
}

class Writer {
  readonly #document: PdfDocument
  unwritable = false

  constructor(document: PdfDocument) {
    this.#document = document
  }

  async fact(label: string, value: string): Promise<void> {
    this.#document.font(boldFont.name).fontSize(10).text(`${label}: `, { continued: true })
    await this.write(value, { size: 10 })
  }

  async write(text: string, how: { size: number; bold?: boolean; level?: number }): Promise<void> {
    const document = this.#document.fontSize(how.size)
    const { runs, unwritable } = runsOf(text)
    if (unwritable) this.unwritable = true
    const indent = how.level === undefined ? {} : { indent: 12 * Math.min(how.level, mostIndent) }
    const pieces = runs.flatMap(({ font, text: run }) => piecesOf(run).map((each) => ({ font, text: each })))
    for (const [at, { font, text: part }] of pieces.entries()) {
      const name = how.bold === true && font === 'latin' ? boldFont.name : font
      document.font(name).text(part, { ...indent, continued: at < pieces.length - 1 })
      await setImmediate()
    }
    if (pieces.length === 0) document.font('latin').text('')
    await setImmediate()
  }

  rule(): void {
    const document = this.#document
    const { left, right } = document.page.margins
    document.moveDown(0.6)
    document
      .moveTo(left, document.y)
      .lineTo(document.page.width - right, document.y)
      .stroke('#999999')
    document.moveDown(0.6)
  }
}

/** Not within a surrogate pair. */
function piecesOf(text: string): string[] {
  const letters = Array.from(text)
  const pieces: string[] = []
  for (let at = 0; at < letters.length; at += piece) pieces.push(letters.slice(at, at + piece).join(''))
  return pieces
}

function numberPages(document: PdfDocument): void {
  const { start, count } = document.bufferedPageRange()
  for (let page = start; page < start + count; page++) {
    document.switchToPage(page)
    const { page: sheet } = document
    // Below the margin, where text would begin a new page.
    sheet.margins.bottom = 0
    document
      .font('latin')
      .fontSize(8.5)
      .text(`${page - start + 1} / ${count}`, sheet.margins.left, sheet.height - 40, { lineBreak: false })
  }
}
