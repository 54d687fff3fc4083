/** The hospitals of the demo. None of them exists: the names say so, and no real URA number starts with 9000. */
export interface Hospital {
  readonly index: number
  readonly ura: string
  readonly name: string
  /** AE title of the node, and the stem of that of its PACS. */
  readonly aeTitle: string
  readonly pacsAeTitle: string
  /** Issuer of its local patient numbers. */
  readonly patientIdIssuer: string
  readonly category: 'umc' | 'hospital' | 'clinic'
  readonly declaredPatients: number
}

export const maxHospitals = 10

const towns =
  'Voorbeeld Duinwaard Oosterkade Veenrand Heideveld Waterwijk Zandhoek Lindehof Molenburg Kreekoever'

export const hospitals: readonly Hospital[] = towns.split(' ').map((town, index) => ({
  index,
  ura: String(90_000_001 + index),
  name: `Ziekenhuis ${town} (fictief)`,
  aeTitle: town.toUpperCase(),
  pacsAeTitle: `PACS${town.toUpperCase()}`,
  patientIdIssuer: `ZIS-${town.toUpperCase()}`,
  category: 'hospital',
  declaredPatients: 100_000,
}))

/** Called AE title that stands for another hospital. */
export const sendToAeTitle = (recipient: Hospital): string => `NAAR_${recipient.ura}`

/** Another one, which stands for its cardiology. */
export const cardiologyAeTitle = (recipient: Hospital): string => `CARD_${recipient.ura}`

/** Where a PACS that is an archive sends what the node fetches from it. */
export const fetchAeTitle = (hospital: Hospital): string => `${hospital.aeTitle}_IN`

/** Calling AE titles that every node accepts, besides its own PACS. The last is the demo's own. */
export const callingAeTitles = ['STORESCU', 'BARSCU', 'DEMO']

/** Systems of every hospital that query its node: DCMTK's tools by the names they go by. Its PACS may, too. */
export const queryingAeTitles = ['FINDSCU', 'MOVESCU', 'GETSCU']

export const roles = ['radiologist', 'operator', 'auditor'] as const
export type Role = (typeof roles)[number]

/** Log-ins of every hospital of the demo, which listens on this machine only. */
export const users: readonly { username: string; password: string; role: Role; name: string }[] = [
  { username: 'radioloog', password: 'demo', role: 'radiologist', name: 'R. Adioloog (fictief)' },
  { username: 'beheer', password: 'demo', role: 'operator', name: 'B. Eheer (fictief)' },
  { username: 'auditor', password: 'demo', role: 'auditor', name: 'A. Uditor (fictief)' },
]
