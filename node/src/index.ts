export { createNode } from './node.ts'
/** What a node applies with; for whoever applies for it. */
export { requestWithOwnKey } from './enrolment/own-request.ts'
export { loadSettings } from './config/load-settings.ts'
export { People } from './people/people-file.ts'
export type { Role } from './people/people-file.ts'
export type { Settings } from './config/settings.ts'
/** Its settings one by one; for docs/settings.md. */
export { schemasOfSettings } from './config/list-settings.ts'
export type { SchemaOfSetting, SettingSchema } from './config/list-settings.ts'
/** What a node keeps as a replica of the index; for `npm run bench`. */
export { StoredEntries } from './replica/stored-entries.ts'
/** An archive as a node indexes it; for `npm run bench`. */
export { composeArchive } from './composition/archive-side.ts'
