import { useQuery } from '@tanstack/react-query'
import { ApiError } from '@twiin/ui-kit'
import { Images } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

interface Props {
  uid: string
  searchId: string
  isHere: boolean
}

const mostPictures = 6
/** Objects that show nothing: reports, documents, presentation states, raw data, waveforms (PS3.4 B.5). */
const withoutPicture = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(88|104|11|66|9|481)\./

/** A few pictures of a study, rendered by the node. Of one elsewhere only when asked: the holder is then asked for it. */
export function StudyPictures({ uid, searchId, isHere }: Props) {
  const { t } = useTranslation()
  const [isWanted, setWanted] = useState(false)
  const base = `/dicom-web/searches/${encodeURIComponent(searchId)}/studies/${encodeURIComponent(uid)}`
  const pictures = useQuery({
    queryKey: ['pictures', searchId, uid],
    queryFn: () => picturesOf(base),
    enabled: isHere || isWanted,
    staleTime: Infinity,
    retry: false,
  })
  if (!isHere && !isWanted)
    return (
      <div className="pictures-ask">
        <button type="button" className="button button-small" onClick={() => setWanted(true)}>
          <Images aria-hidden size={14} />
          {t('preview.show')}
        </button>
        <p className="muted small">{t('preview.showWhy')}</p>
      </div>
    )
  if (pictures.error !== null) return <p className="muted">{t('preview.noPictures')}</p>
  if (pictures.data?.length === 0) return <p className="muted">{t('preview.noImages')}</p>
  return (
    <div className="pictures" aria-busy={pictures.data === undefined}>
      {pictures.data === undefined
        ? Array.from({ length: 3 }, (_, index) => <div key={index} className="picture picture-empty" />)
        : pictures.data.map((path, index) => (
            <img
              key={path}
              className="picture"
              width="96"
              height="96"
              onLoad={({ currentTarget }) => currentTarget.classList.add('picture-shown')}
              src={path}
              alt={t('preview.picture', { number: index + 1 })}
            />
          ))}
    </div>
  )
}

type DicomJson = Readonly<Record<string, { Value?: readonly unknown[] }>>

/** Addresses of pictures, evenly through the study (QIDO-RS, PS3.18 §10.6). */
async function picturesOf(base: string): Promise<string[]> {
  const answer = await fetch(`${base}/instances?limit=1000`, {
    credentials: 'same-origin',
    headers: { accept: 'application/dicom+json' },
  })
  if (!answer.ok) throw new ApiError('STUDY_NOT_AVAILABLE', answer.status)
  const found = answer.status === 204 ? [] : ((await answer.json()) as DicomJson[])
  const shown = found.filter((one) => !withoutPicture.test(textOf(one, '00080016')))
  const step = Math.max(1, shown.length / mostPictures)
  return Array.from({ length: Math.min(mostPictures, shown.length) }, (_, index) => {
    const one = shown[Math.floor(index * step + step / 2)] ?? shown[index]
    return `${base}/series/${textOf(one, '0020000E')}/instances/${textOf(one, '00080018')}/thumbnail`
  })
}

function textOf(attributes: DicomJson | undefined, tag: string): string {
  const value = attributes?.[tag]?.Value?.[0]
  return typeof value === 'string' ? value : ''
}
