import qrcode from 'qrcode-generator'

/**
 * The QR code of a text (ISO/IEC 18004, UTF-8, error correction M: a fold or a stain takes 15 %): rows of modules, dark
 * is true. Takes at most 2,331 bytes.
 */
export function qrModules(text: string): boolean[][] {
  const code = qrcode(0, 'M')
  // The library takes the low byte of each letter.
  code.addData(Buffer.from(text, 'utf8').toString('latin1'), 'Byte')
  code.make()
  const size = code.getModuleCount()
  const all = Array.from({ length: size }, (_, at) => at)
  return all.map((row) => all.map((column) => code.isDark(row, column)))
}
