// Programs for musl below a node for glibc. `npm run test:musl` builds the library for musl, puts it where the package
// looks for it, and sets TEST_MUSL.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ended, main, plainEnvironment, run } from './support/cli.mjs'

const library = process.env.TEST_MUSL ?? ''
const muslTest = library === '' ? test.skip : test
if (library === '') console.error('skipped: programs for musl: npm run test:musl')

const source = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
    size_t sum = 0;
    for (size_t i = 1; i < 20000; i++) {
        char *block = malloc(i % 3000 + 1);
        memset(block, (int)i, i % 3000 + 1);
        sum += (unsigned char)block[i % 3000];
        free(block);
    }
    printf("%zu\\n", sum);
    return argc > 1 ? system(argv[1]) != 0 : 0;
}
`

async function program(t: ExecutionContext): Promise<{ place: string; file: string }> {
  const place = mkdtempSync(path.join(tmpdir(), 'superslab-musl-'))
  t.teardown(() => rmSync(place, { recursive: true }))
  const file = path.join(place, 'program')
  writeFileSync(`${file}.c`, source)
  const { code, stderr } = await ended('musl-gcc', ['-O1', '-o', file, `${file}.c`])
  t.is(code, 0, stderr)
  return { place, file }
}

muslTest('run gives a program the library for its own C library', async (t) => {
  const { file } = await program(t)
  const plain = await ended(file, [], { env: plainEnvironment() })
  const { code, stdout, stderr } = await run(['--stats', '--', file], { env: plainEnvironment() })
  t.is(code, 0, stderr)
  t.is(stdout, plain.stdout)
  t.regex(stderr, /^superslab: .*command="\S*\/program"$/m)
})

muslTest('a script needs the library for its interpreter', async (t) => {
  const { place, file } = await program(t)
  const script = path.join(place, 'script')
  writeFileSync(script, `#!${file} true\n`)
  chmodSync(script, 0o755)
  const printed = await ended(process.execPath, [main, 'path', script])
  t.is(printed.stdout, `${library}\n`, printed.stderr)
  const { code, stderr } = await run(['--stats', '--', script], { env: plainEnvironment() })
  t.is(code, 0, stderr)
  t.regex(stderr, /^superslab: .*command="\S*\/program true \S*\/script"$/m)
})

muslTest('path names the library for a program, by default for node', async (t) => {
  const { file } = await program(t)
  const printed = await ended(process.execPath, [main, 'path', file])
  t.is(printed.stdout, `${library}\n`, printed.stderr)
  const own = await ended(process.execPath, [main, 'path'])
  t.not(own.stdout, printed.stdout)
  const preloaded = { LD_PRELOAD: library, SUPERSLAB_CHILDREN: 'all', SUPERSLAB_STATS: '1' }
  const { code, stderr } = await ended(file, [], { env: plainEnvironment(preloaded) })
  t.is(code, 0)
  t.regex(stderr, /^superslab: .*command="\S*\/program"$/m)
})

muslTest('a program for glibc that one for musl starts is served, too', async (t) => {
  const { file } = await program(t)
  const active = `${process.execPath} -p "require('${path.resolve('dist/index.js')}').active"`
  const { code, stdout, stderr } = await run(['--', file, active], { env: plainEnvironment() })
  t.is(code, 0, stderr)
  t.deepEqual(stdout.trim().split('\n').sort().at(-1), 'true')
  t.is(stderr, '')
})
