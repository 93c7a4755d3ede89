import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { rspack } from '@rspack/core'
import { digestOf } from '../inputs.mjs'

export default async function work(folder) {
  const entry = path.join(folder, 'entry.js')
  writeFileSync(
    entry,
    `import { createRoot } from 'react-dom/client'; import { createElement } from 'react'
     import { renderToString } from 'react-dom/server'
     globalThis.page = [createRoot, createElement, renderToString]`,
  )
  const modules = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../node_modules')
  const bundle = (i) =>
    new Promise((resolve, reject) =>
      rspack(
        {
          ...{ mode: 'production', context: folder, entry, cache: false },
          resolve: { modules: [modules] },
          output: { path: path.join(folder, `out${i}`), filename: 'bundle.js' },
        },
        (error, stats) =>
          error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve(),
      ),
    )
  for (let i = 0; i < 4; i++) await bundle(i)
  return digestOf([readFileSync(path.join(folder, 'out3/bundle.js'))])
}
