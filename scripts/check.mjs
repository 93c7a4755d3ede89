// npm run check: form, types and binaries. Every check runs, also after one that failed.
import { runs, tool } from './run.mjs'
import { nativeSources } from './sources.mjs'

const node = process.execPath
const tsc = tool('typescript/bin/tsc')
const checks = {
  'C and C++ format': [tool('clang-format/index.js'), '--dry-run', '--Werror', ...nativeSources()],
  'TypeScript and JavaScript': [tool('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '.'],
  'types of lib': [tsc, '--noEmit', '--project', '.'],
  'types of test': [tsc, '--noEmit', '--project', 'test'],
  binaries: ['scripts/check-binaries.mjs'],
}

for (const [title, args] of Object.entries(checks)) {
  const succeeded = runs(node, args)
  console.log(`${succeeded ? 'ok' : 'FAILED'}: ${title}`)
  if (!succeeded) process.exitCode = 1
}
