import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compressPages } from '../../scripts/compress-pages.ts'

export default defineConfig({
  plugins: [react(), compressPages()],
  build: {
    target: 'es2022',
    // The content policy of the registry allows no data: fonts.
    assetsInlineLimit: 0,
    sourcemap: false,
  },
})
