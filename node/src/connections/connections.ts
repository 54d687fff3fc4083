import type { Settings } from '../config/settings.ts'

export type ConnectionKind = 'dicom' | 'dicomweb' | 'hl7'

/** A system of this hospital that the node talks to, or one of the node's own doors. */
export interface Connection {
  kind: ConnectionKind
  /** With the kind unique; what a test names. */
  name: string
  /** What it is for. */
  use: 'delivery' | 'archive' | 'entity' | 'reports' | 'own'
  host: string
  port: number
  tls: boolean
  /** DICOM: the title that is called, and ours. */
  aeTitle?: string
  callingAeTitle?: string
  /** DICOMweb: base of QIDO-RS. */
  url?: string
  authorizationFile?: string
  /** HL7: ours as MSH-3. */
  application?: string
}

/** An address to listen on that is no address to connect to. */
const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Every connection that the settings name, in the order a person looks for them (spec 10 §5). */
export function connectionsOf(settings: Settings): Connection[] {
  return [...dicomConnections(settings), ...webConnections(settings), ...hl7Connections(settings)]
}

function dicomConnections({
  dicom,
  pacs,
  archive,
}: Pick<Settings, 'dicom' | 'pacs' | 'archive'>): Connection[] {
  const { aeTitle } = dicom
  const here = { host: anywhere[dicom.host] ?? dicom.host, port: dicom.port, tls: false }
  const [callingAeTitle = ''] = dicom.callingAeTitles
  const found: Connection[] = [
    {
      kind: 'dicom',
      name: pacs.aeTitle,
      use: 'delivery',
      ...place(pacs),
      callingAeTitle: pacs.callingAeTitle,
    },
    { kind: 'dicom', name: `${aeTitle} (node)`, use: 'own', ...here, aeTitle, callingAeTitle },
  ]
  if (archive?.kind === 'dimse' && archive.port !== undefined && archive.aeTitle !== undefined)
    found.push({
      ...{ kind: 'dicom', name: `${archive.aeTitle} (archive)`, use: 'archive', tls: archive.tls === true },
      ...{ host: archive.host, port: archive.port, aeTitle: archive.aeTitle },
      callingAeTitle: archive.callingAeTitle ?? aeTitle,
    })
  for (const entity of dicom.applicationEntities)
    if (!found.some(({ name }) => name === entity.aeTitle))
      found.push({
        kind: 'dicom',
        name: entity.aeTitle,
        use: 'entity',
        ...place(entity),
        callingAeTitle: aeTitle,
      })
  return found
}

function webConnections({ archive }: Pick<Settings, 'archive'>): Connection[] {
  if (archive?.kind !== 'dicomweb' || archive.url === undefined) return []
  const { hostname: host, port, protocol } = new URL(archive.url)
  const tls = protocol === 'https:'
  const { authorizationFile } = archive
  return [
    {
      ...{
        kind: 'dicomweb',
        name: archive.aeTitle ?? 'ARCHIVE',
        use: 'archive',
        host,
        tls,
        url: archive.url,
      },
      port: Number(port) || (tls ? 443 : 80),
      ...(authorizationFile === undefined ? {} : { authorizationFile }),
    },
  ]
}

function hl7Connections({ hl7 }: Pick<Settings, 'hl7'>): Connection[] {
  if (hl7 === undefined) return []
  const { application, reportsTo } = hl7
  const own = { host: anywhere[hl7.host] ?? hl7.host, port: hl7.port, tls: hl7.tls !== undefined }
  const found: Connection[] = [
    { kind: 'hl7', name: `${application} (node)`, use: 'own', ...own, application },
  ]
  if (reportsTo !== undefined)
    found.push({ kind: 'hl7', name: 'RIS', use: 'reports', ...reportsTo, application })
  return found
}

const place = ({
  host,
  port,
  tls,
  aeTitle,
}: {
  host: string
  port: number
  tls?: boolean
  aeTitle: string
}) => ({
  ...{ host, port, aeTitle },
  tls: tls === true,
})
