// npm run build:prebuilds: builds the package's binaries for one platform, by default this machine's. With --arch or
// --libc, CC, CXX and STRIP name the tools for the other one (by default those of Debian's cross toolchain).
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { complaints, preloadNames, stripped } from './binaries.mjs'
import { jobs } from './cmake.mjs'
import { install } from './install.mjs'
import { root, step, tool } from './run.mjs'

const isDarwin = process.platform === 'darwin'
const ownLibc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch },
    libc: { type: 'string', default: ownLibc },
  },
})
const machine = { x64: 'x86_64', arm64: 'aarch64' }[values.arch]
if (!machine || !['glibc', 'musl'].includes(values.libc)) {
  console.error('build:prebuilds: --arch takes x64 or arm64, --libc takes glibc or musl')
  process.exit(1)
}

const isCross = values.arch !== process.arch && !isDarwin
if (isCross) {
  const prefix = `${machine}-linux-gnu-`
  process.env.CC ??= `${prefix}gcc`
  process.env.CXX ??= `${prefix}g++`
  process.env.STRIP ??= `${prefix}strip`
}
const strip = process.env.STRIP ?? 'strip'

// One folder holds the binaries for both C libraries; this part of the name says which one, see lib/load.ts.
const tag = isDarwin ? '' : `.${values.libc}`
const name = `${process.platform}-${values.arch}`
const target = path.join(root, 'prebuilds', name)
const work = path.join(root, 'build', 'prebuild', `${name}${tag}`)

/** The addon in both forms, by gyp, in a folder of its own, because gyp clears the folder in which it builds. */
function buildAddon() {
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  for (const one of ['binding.gyp', 'package.json', 'native', 'scripts', 'node_modules'])
    symlinkSync(path.join(root, one), path.join(work, one))
  step('addon', process.execPath, [
    tool('prebuildify/bin.js'),
    ...['--napi', '--strip', '--strip-bin', strip, '--target', process.version],
    ...['--cwd', work, '--arch', values.arch, '--libc', values.libc],
    ...(isDarwin ? [] : ['--tag-libc']),
  ])
  const built = path.join(work, 'prebuilds', name)
  for (const file of readdirSync(built)) lay(path.join(built, file), file)
  const second = 'superslab_tls_dynamic'
  lay(path.join(work, 'build', 'Release', `${second}.node`), `${second}${tag}.node`)
}

/** The binaries that need no Node, by CMake. */
function buildPrograms() {
  const folder = path.join(work, 'cmake')
  const cross = ['-DCMAKE_SYSTEM_NAME=Linux', `-DCMAKE_SYSTEM_PROCESSOR=${machine}`]
  const options = ['--preset', 'release', '-B', folder]
  step('configure', 'cmake', [...options, ...(isCross ? cross : [])])
  const programs = ['superslab-bench', 'superslab-bench-trace']
  const libraries = preloadNames(process.platform)
  const targets = [...libraries.map(targetOf), ...programs]
  step('programs', 'cmake', ['--build', folder, '--parallel', jobs, '--target', ...targets])
  const extension = isDarwin ? '.dylib' : '.so'
  for (const one of libraries)
    lay(path.join(folder, `${one}${extension}`), `${one}${tag}${extension}`)
  for (const one of programs) lay(path.join(folder, one), `${one}${tag}`)
}

/** CMake's name for a preload library. */
function targetOf(library) {
  return library === 'libsuperslab' ? 'superslab-preload' : library.slice('lib'.length)
}

function lay(file, as) {
  const place = path.join(target, as)
  copyFileSync(file, place)
  if (!stripped(place)) step(`strip ${as}`, strip, [isDarwin ? '-Sx' : '--strip-all', place])
}

install()
mkdirSync(target, { recursive: true })
buildAddon()
buildPrograms()
const found = readdirSync(target).flatMap((file) => complaints(path.join(target, file), true))
for (const complaint of found) console.error(complaint)
if (found.length > 0) process.exitCode = 1
else console.error(`laid in ${path.relative(process.cwd(), target)}`)
