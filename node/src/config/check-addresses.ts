import type { Settings } from './settings.ts'

/**
 * Names and ports that would mean two things. The gravest is a destination under the node's own AE title: whatever is stored
 * here would leave the hospital.
 */
export function addressErrors(settings: Settings): string[] {
  return [...destinationErrors(settings), ...ruleErrors(settings), ...portErrors(settings)]
}

function destinationErrors({ hospital, dicom, archive }: Settings): string[] {
  const own = [dicom.aeTitle, archive?.receiveAeTitle].map((title) => title?.trim())
  const before = new Set<string>()
  return dicom.destinations.flatMap(({ aeTitle, ura }, at) => {
    const title = aeTitle.trim()
    const errors: string[] = []
    if (own.includes(title)) errors.push(`/dicom/destinations/${at}/aeTitle is this node's own`)
    if (before.has(title)) errors.push(`/dicom/destinations/${at}/aeTitle stands for another destination`)
    if (ura === hospital.ura) errors.push(`/dicom/destinations/${at}/ura is this hospital's own`)
    before.add(title)
    return errors
  })
}

function ruleErrors({ hospital, routing }: Settings): string[] {
  return routing.rules.flatMap(({ to }, at) =>
    to?.ura === hospital.ura ? [`/routing/rules/${at}/to/ura is this hospital's own`] : [],
  )
}

function portErrors({ dicom, hl7, web, share }: Settings): string[] {
  const listeners = [
    { place: '/dicom/port', host: dicom.host, port: dicom.port },
    ...(dicom.tls === undefined
      ? []
      : [{ place: '/dicom/tls/port', host: dicom.host, port: dicom.tls.port }]),
    ...(hl7 === undefined ? [] : [{ place: '/hl7/port', host: hl7.host, port: hl7.port }]),
    { place: '/web/port', host: web.host, port: web.port },
    ...(share === undefined ? [] : [{ place: '/share/port', host: share.host, port: share.port }]),
  ]
  return listeners.flatMap(({ place, host, port }, at) => {
    const other = listeners.slice(0, at).find((one) => one.port === port && overlap(one.host, host))
    return other === undefined ? [] : [`${place} is ${other.place} too`]
  })
}

const everywhere = new Set(['0.0.0.0', '::'])
const overlap = (a: string, b: string) => a === b || everywhere.has(a) || everywhere.has(b)
