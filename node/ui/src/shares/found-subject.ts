import type { TimelineStudy } from '../timeline/merge-studies.ts'
import type { ShareSubject } from './shareable-study.ts'

/** What may go along with a study that a search found: all of the patient that stands in the list. */
export const subjectOf = (
  searchId: string,
  listed: readonly TimelineStudy[],
  { studyInstanceUid }: TimelineStudy,
  nameOf: (ura: string) => string,
): ShareSubject => ({
  searchId,
  studies: listed.flatMap((study) =>
    study.studyInstanceUid === null
      ? []
      : [
          {
            ...study,
            studyInstanceUid: study.studyInstanceUid,
            ...(study.local ? {} : { elsewhere: nameOf(study.holder) }),
          },
        ],
  ),
  chosen: studyInstanceUid === null ? [] : [studyInstanceUid],
})
