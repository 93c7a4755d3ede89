import { execFileSync } from 'node:child_process'
import { root } from './run.mjs'

/** The C and C++ files of the tree, new ones included, ignored ones not. */
export function nativeSources() {
  const patterns = ['native/**/*.c', 'native/**/*.h', 'native/**/*.cc']
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns]
  return execFileSync('git', list, { cwd: root, encoding: 'utf8' }).trim().split('\n')
}
