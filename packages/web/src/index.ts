/**
 * What a node and the registry have in common as HTTPS servers: who may call what, problems, log-ins, live events, the
 * page. Knows no route and no role by name. The only importer of fastify's plugins.
 */
export { WebServer } from './web-server.ts'
/** For what routes hand on; the routes themselves are written against `@fastify/type-provider-typebox`. */
export type { FastifyReply, FastifyRequest } from 'fastify'
export type { WebDeps, WebOptions } from './web-server.ts'
export { PageServer, formOf } from './page-server.ts'
export type { PageServerDeps, PageServerOptions } from './page-server.ts'
export { TrustedProxies } from './trusted-proxies.ts'
export { requireOwnPage } from './authenticate.ts'
export { clientNetwork, isOwnMachine } from './client-network.ts'
export type { Access, Asked, Authentication, Caller } from './authenticate.ts'
export { LiveEvents } from './live-events.ts'
export type { LiveEvent } from './live-events.ts'
export { decoyPassword, hashPassword, passwordMatches } from './passwords.ts'
export { Problems } from './problems.ts'
export type { ProblemTable } from './problems.ts'
export { Sessions } from './sessions.ts'
export type { Accounts, Begun, ShownSession } from './sessions.ts'
export { enrolmentUrl, newSecret, readSecret, stepOf } from './totp.ts'
export { UsedCodes } from './used-codes.ts'
