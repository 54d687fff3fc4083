import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // The content policy of the registry allows no data: fonts.
    assetsInlineLimit: 0,
    sourcemap: false,
  },
})
