/** Window: what is shown between black and white, in the values of the image (HU for CT). */
export interface Window {
  center: number
  width: number
}

export interface Preset extends Window {
  name: 'softTissue' | 'lung' | 'bone' | 'brain' | 'abdomen' | 'mediastinum' | 'liver' | 'stroke' | 'angio'
}

/** For CT, on the digits 1 to 9. */
export const ctPresets: readonly Preset[] = [
  { name: 'softTissue', center: 40, width: 400 },
  { name: 'lung', center: -600, width: 1500 },
  { name: 'bone', center: 480, width: 2500 },
  { name: 'brain', center: 40, width: 80 },
  { name: 'abdomen', center: 60, width: 400 },
  { name: 'mediastinum', center: 50, width: 350 },
  { name: 'liver', center: 90, width: 150 },
  { name: 'stroke', center: 32, width: 8 },
  { name: 'angio', center: 300, width: 600 },
]

/**
 * What a digit does to an image: on CT a preset; on what has no fixed scale, a window that is so much narrower (under 5)
 * or wider (over 5) than the image's own. Undefined for a digit that means nothing there, as on colour.
 */
export function windowFor(
  digit: number,
  of: { modality: string; isColour: boolean; own: Window | undefined },
): Window | undefined {
  if (of.isColour || !Number.isInteger(digit) || digit < 1 || digit > 9) return undefined
  if (of.modality === 'CT') {
    const preset = ctPresets[digit - 1]
    return preset && { center: preset.center, width: preset.width }
  }
  return of.own && { center: of.own.center, width: of.own.width * 2 ** ((digit - 5) / 2) }
}
