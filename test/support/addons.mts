import { execFileSync } from 'node:child_process'
import path from 'node:path'

const include = path.resolve('node_modules/node-api-headers/include')
const linked = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []

/** Compiles an addon in C or C++ as node-gyp would, with lines; returns its file. */
export function compileAddon(source: string, folder: string, flags: string[] = []): string {
  const isC = source.endsWith('.c')
  const file = path.join(folder, `${path.basename(source, path.extname(source))}.node`)
  const [compiler, standard] = isC
    ? [process.env.CC ?? 'cc', '-std=c11']
    : [process.env.CXX ?? 'c++', '-std=c++17']
  execFileSync(compiler, [
    ...[standard, '-O2', '-g', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-I', include, ...flags],
    ...['-o', file, path.resolve(source), ...linked],
  ])
  return file
}
