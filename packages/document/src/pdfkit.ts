import { fileURLToPath } from 'node:url'
// @ts-expect-error fontkit ships no types; this file is the only one that imports it
import * as untypedFontkit from 'fontkit'
// @ts-expect-error pdfkit ships no types; this file is the only one that imports it
import untypedDocument from 'pdfkit'

/** The part of a PDFKit document that we use. Lengths are in points. */
export interface PdfDocument extends NodeJS.ReadableStream {
  page: { width: number; height: number; margins: { left: number; right: number; bottom: number } }
  y: number
  registerFont(name: string, file: string): void
  font(name: string): this
  fontSize(points: number): this
  fillColor(color: string): this
  text(text: string, options?: { continued?: boolean; indent?: number }): this
  text(
    text: string,
    x: number,
    y: number,
    options?: { lineBreak?: boolean; width?: number; link?: string; continued?: boolean },
  ): this
  heightOfString(text: string, options?: { width?: number }): number
  addPage(): this
  rect(x: number, y: number, width: number, height: number): this
  fill(color: string): this
  /** A part of the document’s structure, for who hears it read: drawn by `draw` (ISO 32000-1 §14.8). */
  struct(type: string, options: { alt?: string; actual?: string }, draw: () => void): Structure
  struct(type: string): Structure
  addStructure(structure: Structure): this
  moveDown(lines?: number): this
  moveTo(x: number, y: number): this
  lineTo(x: number, y: number): this
  stroke(color: string): this
  bufferedPageRange(): { start: number; count: number }
  switchToPage(page: number): void
  flushPages(): void
  end(): void
}

export interface Structure {
  add(structure: Structure): this
  end(): void
}

export const PdfKit = untypedDocument as unknown as new (options: object) => PdfDocument

const { openSync } = untypedFontkit as unknown as {
  openSync: (file: string) => { hasGlyphForCodePoint(codePoint: number): boolean }
}

const fontFile = (path: string) => fileURLToPath(import.meta.resolve(`@expo-google-fonts/${path}`))

/** Noto (SIL Open Font License 1.1): what has a letter first is what writes it. */
export const fonts = [
  { name: 'latin', file: fontFile('noto-sans/400Regular/NotoSans_400Regular.ttf') },
  { name: 'arabic', file: fontFile('noto-sans-arabic/400Regular/NotoSansArabic_400Regular.ttf') },
  { name: 'hebrew', file: fontFile('noto-sans-hebrew/400Regular/NotoSansHebrew_400Regular.ttf') },
] as const
export const boldFont = {
  name: 'bold',
  file: fontFile('noto-sans/700Bold/NotoSans_700Bold.ttf'),
} as const

/** Letters that nobody takes for another, for what somebody may have to type. */
export const monoFonts = [
  { name: 'mono', file: fontFile('noto-sans-mono/400Regular/NotoSansMono_400Regular.ttf') },
  { name: 'mono-bold', file: fontFile('noto-sans-mono/700Bold/NotoSansMono_700Bold.ttf') },
] as const

const opened = new Map<string, ReturnType<typeof openSync>>()

/** Whether the font has this letter. */
export function canWrite({ name, file }: { name: string; file: string }, codePoint: number): boolean {
  const font = opened.get(name) ?? openSync(file)
  opened.set(name, font)
  return font.hasGlyphForCodePoint(codePoint)
}
