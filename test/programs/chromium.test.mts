import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { plain, programTest, served, temporaryFolder, wasServed } from '../support/programs.mjs'

const page = `<!doctype html><title>page</title><body><script>
const words = Array.from({ length: 20000 }, (_, i) => 'word' + ((i * 7919) % 5000))
const counts = new Map()
for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
for (const [word, count] of [...counts].sort().slice(0, 50)) {
  const line = document.createElement('p')
  line.textContent = word + ' ' + count
  document.body.append(line)
}
</script>`

/** A Node program that has a browser render a page, as scrapers and testers do. */
const parent = `
const { spawnSync } = require('node:child_process')
const [browser, profile, page] = process.argv.slice(2)
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
const args = [...flags, ...quiet, '--user-data-dir=' + profile, '--dump-dom', 'file://' + page]
const { stdout, status } = spawnSync(browser, args, { encoding: 'utf8', timeout: 60000 })
console.log(stdout)
process.exitCode = status ?? 1
`

for (const children of ['node', 'all'] as const)
  programTest(
    `chromium below node, --children=${children}`,
    { commands: ['chromium'], long: true },
    async (t) => {
      const folder = temporaryFolder(t)
      const [script, file] = [path.join(folder, 'parent.cjs'), path.join(folder, 'page.html')]
      writeFileSync(script, parent)
      writeFileSync(file, page)
      const command = (profile: string) => [
        'node',
        script,
        'chromium',
        path.join(folder, profile),
        file,
      ]
      const expected = await plain(command('one'))
      t.is(expected.code, 0, expected.stderr)
      t.regex(expected.stdout, /<p>word0 4<\/p>/)
      const actual = await served(t, command('two'), { children })
      t.is(actual.code, 0, actual.stderr)
      t.is(actual.stdout, expected.stdout)
      wasServed(t, actual.served, /parent\.cjs/)
      // It has a malloc of its own in any case.
      t.deepEqual(
        actual.served.filter((line) => /^\S*chrom/.test(line)),
        [],
      )
    },
  )
