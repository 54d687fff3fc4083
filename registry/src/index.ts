/** The registry as a program that others start: in tests, and in the demo. */
export { startRegistry } from './registry.ts'
export type { RegistryDeps, RegistryRuntime, RunningRegistry } from './registry.ts'
