/** What a page of ours may load and do (CSP level 3): its own files, and nothing of anybody else. */
const contentPolicy = {
  'default-src': ["'self'"],
  'script-src': ["'self'"],
  // React Aria sets one inline style element (its hash) and heights on virtual rows.
  'style-src': ["'self'", "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='"],
  'style-src-attr': ["'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
}

/**
 * With `decodes`, for pages that decode pictures: compiling WebAssembly is allowed, and nothing else is more (no `eval`, no
 * worker from anywhere but our own files).
 */
export const contentPolicyFor = ({ decodes }: { decodes: boolean }) =>
  decodes
    ? { ...contentPolicy, 'script-src': [...contentPolicy['script-src'], "'wasm-unsafe-eval'"] }
    : contentPolicy
