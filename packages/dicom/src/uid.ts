/**
 * True for a UID we are willing to use as an identifier: 1 to 64 characters, numeric components separated by single
 * dots (DICOM PS3.5 §9.1). Leading zeros in a component break the standard but do occur; they are harmless and accepted.
 */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^[0-9]+(?:\.[0-9]+)*$/.test(text)
}
