/** Whole hospitals in one process, for tests outside this workspace. */
export { TestHospital, eventually } from './testing/test-hospital.ts'
export { TestNetwork } from './testing/test-network.ts'
export { TestWeb } from './testing/test-web.ts'
export { People } from './people/people-file.ts'
export type { Counts } from './archive/archived-studies.ts'
export type { Holdings } from './holdings/holdings.ts'
