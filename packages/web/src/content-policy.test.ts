import { expect, it } from 'vitest'
import { contentPolicyFor } from './content-policy.ts'

it('lets pages that decode pictures compile WebAssembly, and nothing else more than others may', () => {
  const [plain, decoding] = [contentPolicyFor({ decodes: false }), contentPolicyFor({ decodes: true })]
  expect(decoding['script-src']).toEqual(["'self'", "'wasm-unsafe-eval'"])
  expect({ ...decoding, 'script-src': plain['script-src'] }).toEqual(plain)
  expect(JSON.stringify(plain)).not.toContain('eval')
})
