/** What a page of ours may load and do (CSP level 3): its own files, and nothing of anybody else. */
export const contentPolicy = {
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
