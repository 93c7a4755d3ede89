// npm run test:musl: builds and tests the core and the preload library with musl in place of glibc. On Debian, by the
// compiler wrapper of musl-tools, which has no C++ library; on Alpine `npm test` does the same.
import { copyFileSync, existsSync } from 'node:fs'
import path from 'node:path'
import { ava } from './ava.mjs'
import { preloadNames } from './binaries.mjs'
import { build } from './build.mjs'
import { buildPreset } from './cmake.mjs'
import { ctest } from './ctest.mjs'
import { root } from './run.mjs'

const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const specs = `/usr/lib/${machine}-linux-musl/musl-gcc.specs`
if (!existsSync(specs)) {
  console.error('test:musl: musl-tools is not installed')
  process.exit(1)
}
build()
const folder = buildPreset('musl', 'musl')
report('musl', ctest(folder))

// Where the package looks for the libraries of the C library that node does not use.
const release = path.join(root, 'build', 'Release')
for (const name of preloadNames('linux'))
  copyFileSync(path.join(root, folder, `${name}.so`), path.join(release, `${name}.musl.so`))
const library = path.join(release, 'libsuperslab.musl.so')
report('programs for musl', ava(['build/test/musl.test.mjs'], { TEST_MUSL: library }))

function report(title, { passed, failed, skipped }) {
  console.log(`${title}: passed ${passed}, failed ${failed}, skipped ${skipped}`)
  if (failed > 0) process.exitCode = 1
}
