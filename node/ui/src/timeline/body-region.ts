/** Where in the body a study looks, read from its description: holders do not tell (spec 04 §3). */
export const regions = ['head', 'spine', 'chest', 'abdomen', 'upper', 'lower', 'breast', 'other'] as const
export type Region = (typeof regions)[number]

/** Dutch and English words, and the abbreviations of body parts in DICOM (PS3.16 annex L). */
const words: readonly [Exclude<Region, 'other'>, RegExp][] = [
  ['breast', /mammo|\bborst(en)?\b|breast|mamma/],
  ['spine', /wervel|spine|[cl]wk\b|\btwk\b|sacr|myelo|lumba|cervic/],
  [
    'head',
    /hersen|brain|hoofd|head|schedel|skull|sinus|orbita|kaak|jaw|gelaat|neuro|cerebr|hypofyse|\bhals\b|neck/,
  ],
  ['chest', /thorax|chest|long|lung|hart|heart|card|coronair|coronar|\brib|aorta|mediast/],
  [
    'abdomen',
    /abdomen|buik|lever|liver|nier|kidney|renal|pancreas|bekken|pelvis|prostaat|prostate|darm|colon|galblaas|blaas|bladder|uterus/,
  ],
  ['upper', /schouder|shoulder|elleboog|elbow|pols|wrist|\bhand|vinger|finger|arm\b|humerus|clavic/],
  ['lower', /knie|knee|heup|\bhip|enkel|ankle|voet|foot|\bteen|\btoe|been\b|\bleg\b|femur|tibia|kuit/],
]

export function regionOf(description: string): Region {
  const text = description.toLowerCase()
  return words.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other'
}
