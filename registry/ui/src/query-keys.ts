/** Where answers of the registry are kept in the page, and found again by live events. */
export const keys = {
  applications: ['applications'],
  certificates: ['certificates'],
  requests: ['requests'],
  reviews: ['reviews'],
  directory: ['directory'],
  organisations: ['organisations'],
  network: ['network'],
  bundle: ['bundle'],
  tests: ['self-tests'],
  log: ['log'],
  statistics: ['statistics'],
} as const
