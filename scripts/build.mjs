// npm run build: the addon in both forms, the standalone benchmark, its trace build, and the TypeScript.

import { jobs } from './cmake.mjs'
import { install } from './install.mjs'
import { step, tool } from './run.mjs'

export function build() {
  install()
  const cmakeJs = tool('cmake-js/bin/cmake-js')
  const native = ['build', '--out', 'build/native', '--parallel', jobs]
  step('addon and benchmarks', process.execPath, [cmakeJs, ...native])
  step('TypeScript', process.execPath, [tool('typescript/bin/tsc'), '--project', '.'])
}

if (import.meta.filename === process.argv[1]) build()
