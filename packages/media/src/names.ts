import type { Place } from './media-source.ts'

/** True for one name in a folder that means nothing else: no way up, no root, no drive, nothing unprintable. */
export function isPlainName(name: string): boolean {
  return (
    name !== '' && name !== '.' && name !== '..' && name.length <= 255 && !/[\x00-\x1f\x7f/\\:]/.test(name)
  )
}

/**
 * The form in which two names of one file are equal: letter case, the version of ISO 9660 (`;1`) and points at the end
 * do not count.
 */
export function comparable(place: Place): string {
  return place
    .map((name) =>
      name
        .normalize('NFC')
        .toUpperCase()
        .replace(/;\d+$/, '')
        .replace(/[. ]+$/, ''),
    )
    .join('/')
}

const programs = new Set(
  'exe dll com bat cmd msi jar app inf scr vbs js ps1 sh so dylib sys ocx cab'.split(' '),
)

/** What a viewer on the disc consists of (spec 19 §1). */
export function namesProgram(name: string): boolean {
  const dot = name.replace(/;\d+$/, '').lastIndexOf('.')
  return (
    dot >= 0 &&
    programs.has(
      name
        .replace(/;\d+$/, '')
        .slice(dot + 1)
        .toLowerCase(),
    )
  )
}

/** Whether a file begins as a program: DOS or Windows, ELF, Mach-O, a script. */
export function startsAsProgram(head: Uint8Array): boolean {
  const start = Buffer.from(head.subarray(0, 4)).toString('latin1')
  const machO = new Set(['cafebabe', 'cffaedfe', 'cefaedfe', 'feedface', 'feedfacf'])
  return (
    start.startsWith('MZ') ||
    start.startsWith('#!') ||
    start === '\x7fELF' ||
    machO.has(Buffer.from(start, 'latin1').toString('hex'))
  )
}
