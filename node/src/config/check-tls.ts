import type { Settings } from './settings.ts'

/** What is said of TLS in several places has to agree: who is asked for a certificate needs somebody who issued it. */
export function tlsErrors({ dicom, pacs, archive }: Settings): string[] {
  const errors = [
    ...(pacs.tls === true ? ['/pacs/tls'] : []),
    ...dicom.applicationEntities.flatMap(({ tls }, at) =>
      tls === true ? [`/dicom/applicationEntities/${at}/tls`] : [],
    ),
    ...(archive?.tls === true ? ['/archive/tls'] : []),
  ].flatMap((place) => (dicom.tls?.caFile === undefined ? [`${place} needs dicom.tls.caFile`] : []))
  if (dicom.tls !== undefined && dicom.tls.clientCertificate !== 'none' && dicom.tls.caFile === undefined)
    errors.push('/dicom/tls needs caFile, or clientCertificate: none')
  if (archive?.tls === true && archive.kind !== 'dimse') errors.push('/archive/tls goes with kind: dimse')
  return errors
}
