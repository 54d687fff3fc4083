import type { StaleBy } from '@twiin/ui-kit'
import { keys } from './query-keys.ts'

const members = [keys.certificates, keys.organisations, keys.network, keys.statistics]

/** What an event of the registry makes old on the page. */
export const staleBy: StaleBy = {
  applications: () => [keys.applications],
  certificates: () => [keys.reviews, ...members],
  requests: () => [keys.requests, keys.reviews],
  log: () => [keys.log],
  'self-test': () => [keys.tests, keys.organisations],
  bundle: () => [keys.bundle, keys.network, keys.organisations],
  statistics: () => [keys.statistics],
}
