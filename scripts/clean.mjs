// npm run clean: removes everything that was built.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

for (const name of ['build', 'dist', 'prebuilds'])
  rmSync(path.join(root, name), { recursive: true, force: true })
