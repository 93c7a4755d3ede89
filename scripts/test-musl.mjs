// npm run test:musl: builds and tests the core and the preload library with musl in place of glibc. On Debian, by the
// compiler wrapper of musl-tools, which has no C++ library; on Alpine `npm test` does the same.
import { existsSync } from 'node:fs'
import { buildPreset } from './cmake.mjs'
import { ctest } from './ctest.mjs'

const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const specs = `/usr/lib/${machine}-linux-musl/musl-gcc.specs`
if (!existsSync(specs)) {
  console.error('test:musl: musl-tools is not installed')
  process.exit(1)
}
const { passed, failed, skipped } = ctest(buildPreset('musl', 'musl'))
console.log(`musl: passed ${passed}, failed ${failed}, skipped ${skipped}`)
process.exitCode = failed > 0 ? 1 : 0
