// npm run format: formats every file as npm run check requires.
import { runs, tool } from './run.mjs'
import { nativeSources } from './sources.mjs'

const formatted = [
  runs(process.execPath, [tool('clang-format/index.js'), '-i', ...nativeSources()]),
  runs(process.execPath, [tool('@biomejs/biome/bin/biome'), 'check', '--write', '.']),
]
process.exitCode = formatted.every(Boolean) ? 0 : 1
