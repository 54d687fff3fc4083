import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { bundleThreads } from './scripts/bundle-threads.ts'

// Each starts processes of its own, and many measure how soon something happens: one file at a time, unless scripts/run-tests.ts says so.
const beside = process.env['TWIIN_TEST_FILES_BESIDE'] === '2'
const real = { fileParallelism: beside, testTimeout: 120_000, hookTimeout: 300_000, pool: 'forks' as const }

export default defineConfig({
  test: {
    // One less than there are cores would be one, on two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        plugins: [await bundleThreads(join(import.meta.dirname, 'node_modules/.cache/threads'))],
        test: {
          name: 'unit',
          include: ['{packages,node,registry}/**/src/**/*.test.ts'],
          testTimeout: 30_000,
          // What a module keeps is the same for all files: none of them changes it, and importing it once takes half the time.
          isolate: false,
        },
      },
      { test: { name: 'journeys', include: ['test/journeys/**/*.test.ts'], ...real } },
      { test: { name: 'interop', include: ['test/interop/**/*.test.ts'], ...real } },
      { test: { name: 'faults', include: ['test/faults/**/*.test.ts'], ...real } },
      { test: { name: 'adversarial', include: ['test/adversarial/**/*.test.ts'], ...real } },
      { test: { name: 'ui', include: ['test/ui/**/*.test.ts'], ...real } },
    ],
  },
})
