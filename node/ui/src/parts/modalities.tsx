/** The kinds of images in a study, as DICOM abbreviates them. */
export function Modalities({ codes }: { codes: readonly string[] }) {
  return (
    <span className="modalities">
      {codes.map((code) => (
        <span key={code} className="modality">
          {code}
        </span>
      ))}
    </span>
  )
}
