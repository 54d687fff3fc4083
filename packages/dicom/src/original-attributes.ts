import { encodeText } from './character-set.ts'
import { encodeElement, encodeHeader, encodeItem, encodeSequence } from './element-encoding.ts'
import { undefinedLength } from './element-header.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import type { EgressOverlay } from './overlay-edits.ts'
import { tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

const delimiterBytes = 8

/** The item that tells what was changed, by whom and when (PS3.3 C.12.1, Original Attributes Sequence). */
export function encodeModification(
  overlay: EgressOverlay,
  originals: readonly Uint8Array[],
  characterSets: readonly string[],
  encoding: Encoding,
): Buffer {
  const text = (tag: number, value: string) =>
    encodeElement(tag, 'LO', encodeText(value.replaceAll('\\', '/').slice(0, 64), characterSets), encoding)
  return encodeItem(
    [
      encodeSequence(tags.modifiedAttributesSequence, [encodeItem(originals, encoding)], encoding),
      encodeElement(tags.attributeModificationDateTime, 'DT', dicomDateTime(overlay.at), encoding),
      text(tags.modifyingSystem, overlay.modifyingSystem),
      text(tags.sourceOfPreviousValues, overlay.source ?? ''),
      encodeElement(tags.reasonForTheAttributeModification, 'CS', 'COERCE', encoding),
    ],
    encoding,
  )
}

/** The sequence with `item` at its end, whatever stood in it untouched; a new sequence when there was none. */
export function appendItem(
  item: Uint8Array,
  existing: { header: ElementHeader; raw: Uint8Array } | undefined,
  encoding: Encoding,
): Buffer {
  const tag = tags.originalAttributesSequence
  if (existing === undefined) return encodeSequence(tag, [item], encoding)
  const { header, raw } = existing
  if (encoding.explicit && header.vr !== 'SQ')
    throw unreadable('Original Attributes Sequence is not a sequence')
  if (header.length === undefinedLength) {
    const end = raw.length - delimiterBytes
    return Buffer.concat([raw.subarray(0, end), item, raw.subarray(end)])
  }
  const length = header.length + item.length
  return Buffer.concat([encodeHeader(tag, 'SQ', length, encoding), raw.subarray(header.headerBytes), item])
}

/** `YYYYMMDDHHMMSS.FFF+0000` */
function dicomDateTime(at: Date): string {
  return `${at.toISOString().replace(/[-:TZ]/g, '')}+0000`
}
