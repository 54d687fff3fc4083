import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compressPages } from '../../scripts/compress-pages.ts'

export default defineConfig({
  plugins: [react(), compressPages()],
  resolve: { alias: { xmlbuilder2: join(import.meta.dirname, 'src/viewer/cornerstone/no-xml.ts') } },
  // Decoders of pictures run in workers, which are modules as everything else.
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // The content policy of the node allows no data: fonts.
    assetsInlineLimit: 0,
    sourcemap: false,
  },
})
