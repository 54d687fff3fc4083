import type { BothWords } from './package-order.ts'

/**
 * What a study is called for who is no doctor: from the codes of its modalities and from the regions that its codes and
 * description name. The text itself is never shown (spec 25 §2): it may say what nobody has explained yet.
 */
export interface ToName {
  modalities: readonly string[]
  /** Body parts and descriptions; only looked into. */
  about: readonly string[]
}

type Kind = readonly [codes: readonly string[], nl: string, en: string]
const kinds: readonly Kind[] = [
  [['CT'], 'CT-scan', 'CT scan'],
  [['MR'], 'MRI-scan', 'MRI scan'],
  [['MG'], 'Mammografie', 'Mammogram'],
  [['CR', 'DX', 'DR', 'RG'], 'Röntgenfoto', 'X-ray'],
  [['RF', 'XA', 'XRF', 'DSA'], 'Röntgenonderzoek', 'X-ray examination'],
  [['US', 'IVUS', 'BDUS'], 'Echo', 'Ultrasound scan'],
  [['PT'], 'PET-scan', 'PET scan'],
  [['NM', 'ST'], 'Nucleaire scan', 'Nuclear medicine scan'],
  [['BMD'], 'Meting van de botten', 'Bone density scan'],
  [['PX', 'IO'], 'Röntgenfoto van het gebit', 'Dental X-ray'],
  [['ES'], 'Kijkonderzoek', 'Endoscopy'],
  [['OP', 'OPT', 'OAM', 'OPM', 'OPV', 'OCT'], 'Oogonderzoek', 'Eye examination'],
  [['ECG', 'HD', 'EPS'], 'Hartfilmpje', 'Heart tracing (ECG)'],
  [['XC', 'GM', 'SM', 'DG', 'DMS'], 'Foto', 'Photograph'],
]
const petCt = ['PET-CT-scan', 'PET-CT scan'] as const
const images = ['Beelden', 'Images'] as const
const report = ['Verslag', 'Report'] as const
/** Say what they are of already. */
const ofThemselves = new Set(['MG', 'PX', 'IO', 'BMD', 'ES', 'OP', 'OPT', 'OAM', 'OPM', 'OPV', 'OCT', 'ECG'])
/** Hold text or marks, and no picture of anybody. */
const noPictures = new Set([
  'SR',
  'KO',
  'PR',
  'DOC',
  'SEG',
  'RTSTRUCT',
  'RTPLAN',
  'RTDOSE',
  'REG',
  'FID',
  'RWV',
  'AU',
])
const texts = new Set(['SR', 'DOC'])

export const showsNobody = (modality: string): boolean => noPictures.has(modality)

/** In Dutch, English, and the abbreviations of DICOM (PS3.16 annex L). */
const regions: readonly (readonly [nl: string, en: string, pattern: RegExp])[] = [
  ['het hele lichaam', 'the whole body', /whole.?body|hele lichaam|total body|wbody/],
  ['de borsten', 'the breasts', /mammo|\bborst(en)?\b|breast|mamma/],
  ['het hoofd', 'the head', /hersen|brain|hoofd|head|schedel|skull|neuro|cerebr|hypofyse|pituitar/],
  ['het gezicht', 'the face', /sinus|orbit|\bkaak|\bjaw\b|gelaat|aangezicht|facial|mandib|\bneus/],
  ['de nek', 'the neck', /\bhals|\bnek\b|neck|schildklier|thyroid|carotis|\bcwk\b|cspine|cervic/],
  ['de wervelkolom', 'the spine', /wervel|\bspine|[tl]spine|lwk\b|\btwk\b|sacr|myelo|lumba/],
  ['het hart', 'the heart', /\bhart\b|heart|cardia|coronair|coronar|\becho ?cor\b/],
  ['de borst', 'the chest', /thorax|thora[cx]|chest|\blong(en)?\b|lung|\brib(ben|s)?\b|mediast/],
  ['de buik', 'the abdomen', /abdom|buik|lever|liver|pancreas|darm|colon|galblaas|gallbladder|milt|spleen/],
  ['de nieren', 'the kidneys', /\bnier|kidney|renal|urinewegen|\bblaas\b|\bbladder/],
  ['het bekken', 'the pelvis', /bekken|pelvi|prostaat|prostat|uterus|baarmoeder/],
  ['de schouder', 'the shoulder', /schouder|shoulder|clavic|sleutelbeen|scapul/],
  ['de bovenarm', 'the upper arm', /bovenarm|humerus|upper arm/],
  ['de elleboog', 'the elbow', /elleboog|elbow/],
  ['de onderarm', 'the forearm', /onderarm|forearm|\bradius|\bulna/],
  ['de pols', 'the wrist', /\bpols|wrist|scaphoid/],
  ['de hand', 'the hand', /\bhand|vinger|finger|\bduim|thumb/],
  ['de heup', 'the hip', /\bheup|\bhip(s)?\b/],
  ['het bovenbeen', 'the thigh', /bovenbeen|femur|thigh/],
  ['de knie', 'the knee', /\bknie|knee|patella/],
  ['het onderbeen', 'the lower leg', /onderbeen|tibia|fibula|\bkuit|lower leg|calf/],
  ['de enkel', 'the ankle', /\benkel\b|ankle/],
  ['de voet', 'the foot', /\bvoet|foot|feet|\bteen\b|\btenen\b|\btoe(s)?\b|calcan|\bhiel/],
]
/** More than these is no help to anybody. */
const mostRegions = 3

export function plainWords({ modalities, about }: ToName): BothWords {
  const shown = modalities.filter((code) => !showsNobody(code))
  const [nl, en] = kindOf(shown, modalities)
  if (shown.length > 0 && shown.every((code) => ofThemselves.has(code))) return { nl, en }
  if (shown.length === 0) return { nl, en }
  const text = about.join(' ').toLowerCase()
  const found = regions.filter(([, , pattern]) => pattern.test(text)).slice(0, mostRegions)
  if (found.length === 0) return { nl, en }
  return {
    nl: `${nl} van ${listed(
      found.map(([region]) => region),
      'en',
    )}`,
    en: `${en} of ${listed(
      found.map(([, region]) => region),
      'and',
    )}`,
  }
}

/** The same words for several series are told apart by their place. */
export function seriesWords(words: BothWords, place: number, count: number): BothWords {
  if (count < 2) return words
  return { nl: `${words.nl}, reeks ${place} van ${count}`, en: `${words.en}, series ${place} of ${count}` }
}

function kindOf(shown: readonly string[], all: readonly string[]): readonly [nl: string, en: string] {
  if (shown.includes('PT') && shown.includes('CT')) return petCt
  for (const [codes, nl, en] of kinds) if (codes.some((code) => shown.includes(code))) return [nl, en]
  return shown.length === 0 && all.some((code) => texts.has(code)) ? report : images
}

const listed = (words: readonly string[], and: string): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1) ?? ''}`
