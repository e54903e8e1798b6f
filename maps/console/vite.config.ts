import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import components from 'unplugin-vue-components/vite'
import { defineConfig, type Plugin } from 'vite'

const SWAGGER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js']

/** Put Swagger UI under /assets/swagger, so that the API page works without internet. */
function swagger(): Plugin {
  const { resolve } = createRequire(import.meta.url)
  return {
    name: 'swagger-ui',
    apply: 'build',
    generateBundle() {
      for (const file of SWAGGER_FILES) {
        const source = readFileSync(resolve(`swagger-ui-dist/${file}`))
        this.emitFile({ type: 'asset', fileName: `assets/swagger/${file}`, source })
      }
    },
  }
}

/** What many pages share is one file: a file for each set of pages that share something would be dozens of requests. */
const GROUPS = [
  { name: 'maplibre', test: /maplibre-gl.*js$/, priority: 1 },
  { name: 'shared', minShareCount: 3 },
]

export default defineConfig({
  base: '/',
  plugins: [vue(), components({ dts: false, dirs: [], resolvers: [ElementPlusResolver()] }), swagger()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { output: { codeSplitting: { groups: GROUPS } } },
  },
  server: {
    fs: { allow: ['../..'] },
    proxy: { '/api': 'http://127.0.0.1:8000', '/tiles': 'http://127.0.0.1:8000' },
  },
})
