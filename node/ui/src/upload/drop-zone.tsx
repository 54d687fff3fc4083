import { FileUp, FolderUp, Upload } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fromDrop, fromList } from './gather-files.ts'
import type { Gathered } from './gather-files.ts'

/** Files, folders, a zip, an image of a disc: dropped, or chosen with a dialog. */
export function DropZone({ isBusy, onFiles }: { isBusy: boolean; onFiles: (files: Gathered[]) => void }) {
  const { t } = useTranslation()
  const [isOver, setOver] = useState(false)
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  return (
    <section
      className="drop-zone"
      data-over={isOver}
      aria-label={t('upload.drop')}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        if (!isBusy) void fromDrop(event.dataTransfer.items).then(onFiles)
      }}
    >
      <Upload aria-hidden size={32} strokeWidth={1.5} />
      <p className="strong">{t('upload.drop')}</p>
      <p className="muted">{t('upload.dropHint')}</p>
      <div className="drop-buttons">
        <button type="button" className="button" disabled={isBusy} onClick={() => folder.current?.click()}>
          <FolderUp aria-hidden size={16} />
          {t('upload.folder')}
        </button>
        <button type="button" className="button" disabled={isBusy} onClick={() => files.current?.click()}>
          <FileUp aria-hidden size={16} />
          {t('upload.files')}
        </button>
      </div>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label={t('upload.files')}
        data-pick="files"
        onChange={({ target }) => {
          onFiles(fromList(target.files ?? []))
          target.value = ''
        }}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label={t('upload.folder')}
        data-pick="folder"
        {...{ webkitdirectory: '' }}
        onChange={({ target }) => {
          onFiles(fromList(target.files ?? []))
          target.value = ''
        }}
      />
    </section>
  )
}
