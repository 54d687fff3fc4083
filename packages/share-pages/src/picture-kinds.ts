/** Of what the smaller zip is made (spec 25 §2). */
export const pictureKinds = ['picture', 'report-pdf'] as const
