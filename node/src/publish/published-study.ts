import type { PublishedStudy } from '@twiin/study-index'
import type { StudyRecord } from '@twiin/study-store'

/** The little of a study that its index entry holds (spec 03 §3). */
export function publishedStudy(study: StudyRecord): PublishedStudy {
  return {
    handle: Buffer.from(study.handle, 'hex'),
    ...(study.studyDate === '' ? {} : { date: study.studyDate }),
    modalities: study.modalities.slice(0, 8).map((modality) => modality.slice(0, 16)),
    region: regionOf(study.bodyParts),
    size: 10 ** Math.min(4, Math.floor(Math.log10(Math.max(1, study.instances)))),
  }
}

/** Coarse on purpose: an exact body part says more about a patient than a reader needs to choose a holder. */
const regions: readonly [region: string, words: RegExp][] = [
  ['head', /HEAD|BRAIN|SKULL|FACE|ORBIT|SINUS|EAR|JAW/],
  ['neck', /NECK|CSPINE|THYROID|CAROTID/],
  ['chest', /CHEST|THORAX|LUNG|HEART|CORONARY|RIB|STERNUM/],
  ['breast', /BREAST|MAMMA/],
  ['abdomen', /ABDOMEN|LIVER|KIDNEY|PANCREAS|SPLEEN|BOWEL|COLON/],
  ['pelvis', /PELVIS|HIP|BLADDER|PROSTATE|UTERUS/],
  ['spine', /SPINE|SACRUM|COCCYX/],
  ['limb', /ARM|HAND|WRIST|ELBOW|SHOULDER|LEG|KNEE|ANKLE|FOOT|FEMUR|TIBIA|EXTREMITY/],
]

function regionOf(bodyParts: readonly string[]): string {
  const text = bodyParts.join(' ').toUpperCase()
  return regions.find(([, words]) => words.test(text))?.[0] ?? ''
}
