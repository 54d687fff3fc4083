import { isVr, keyOf } from './attributes.ts'
import { lookUpTag } from './dcmjs.ts'
import type { TreeElement } from './data-set-tree.ts'

/** VR of an element, also where implicit VR leaves it to the dictionary. `isSigned`: of the pixels around it. */
export function vrAt({ tag, vr, items }: TreeElement, isSigned: boolean): string {
  if (items !== undefined) return 'SQ'
  if (vr !== undefined) return isVr(vr) ? vr : 'UN'
  const [group, element] = [tag >>> 16, tag & 0xffff]
  // PS3.5 §7.8.1: who reserves a block of private elements.
  if (group % 2 === 1) return element >= 0x10 && element <= 0xff ? 'LO' : 'UN'
  const listed = lookUpTag(keyOf(tag))?.vr
  switch (listed) {
    case 'xs':
      return isSigned ? 'SS' : 'US'
    case 'ox':
    case 'lt':
      return 'OW'
    case undefined:
      return 'UN'
    default:
      return isVr(listed) ? listed : 'UN'
  }
}

/** Bytes of a number or word of this VR; 1 for all others. */
export function wordBytes(vr: string): number {
  if (['OW', 'US', 'SS'].includes(vr)) return 2
  if (['OL', 'OF', 'UL', 'SL', 'FL'].includes(vr)) return 4
  return ['OD', 'OV', 'UV', 'SV', 'FD'].includes(vr) ? 8 : 1
}
