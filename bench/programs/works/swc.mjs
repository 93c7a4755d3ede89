import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import swc from '@swc/core'
import { digestOf, inLanes } from '../inputs.mjs'

export default async function work() {
  const require = createRequire(import.meta.url)
  const file = require
    .resolve('react-dom')
    .replace(/index\.js$/, 'cjs/react-dom-client.development.js')
  const text = readFileSync(file, 'utf8')
  const results = await inLanes(4, 4, (i) =>
    swc.minify(`${text}\n;globalThis.part = ${i}`, { compress: true, mangle: true }),
  )
  return digestOf(results.map(({ code }) => code))
}
