import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { explain } from '#dist/cli/explain/explanation'
import { explanationText } from '#dist/cli/explain/text'
import { main, plainEnvironment } from '../support/cli.mjs'
import { plain, programTest, temporaryFolder } from '../support/programs.mjs'

/** What each package holds while the table is made, and a holder that must be in it. */
const packages = {
  sharp: {
    text: `const sharp = require('sharp')
const create = { width: 2000, height: 2000, channels: 3, background: 'red' }
Promise.all(Array.from({ length: 8 }, () => sharp({ create }).blur(3).raw().toBuffer()))
  .then((images) => { globalThis.images = images; console.log('ready') })`,
    holder: /libvips|superslab|the C library's malloc/,
  },
  'better-sqlite3': {
    text: `const Database = require('better-sqlite3')
globalThis.database = new Database(':memory:')
database.exec('create table t(a, b)')
const insert = database.prepare('insert into t values(?, ?)')
for (let i = 0; i < 300000; i++) insert.run(i, 'row ' + i)
console.log('ready')`,
    holder: /superslab|the C library's malloc/,
  },
  '@rspack/core': {
    text: `const { rspack } = require('@rspack/core')
const { mkdirSync, writeFileSync } = require('node:fs')
const src = __dirname + '/src/'
mkdirSync(src, { recursive: true })
const names = Array.from({ length: 200 }, (_, i) => 'm' + i)
for (const name of names) writeFileSync(src + name + '.js', 'exports.list = ' + JSON.stringify(names))
writeFileSync(src + 'index.js', names.map((name) => 'require("./' + name + '")').join('\\n'))
globalThis.compiler = rspack({ context: __dirname, output: { path: __dirname + '/out' } })
compiler.run(() => console.log('ready'))`,
    holder: /^mimalloc of rspack\..*node$/,
  },
}

for (const [name, { text, holder }] of Object.entries(packages))
  programTest(
    `explain: node with ${name}`,
    { commands: ['node', 'npm'], long: true },
    async (t) => {
      t.timeout(20 * 60_000, 'better-sqlite3 is compiled')
      const folder = temporaryFolder(t)
      writeFileSync(
        path.join(folder, 'package.json'),
        JSON.stringify({ private: true, allowScripts: { [name]: true } }),
      )
      // better-sqlite3 is compiled where its own download is refused; the headers are those of this node, if it has any.
      const prefix = path.dirname(path.dirname(process.execPath))
      const headers = existsSync(path.join(prefix, 'include/node')) && {
        npm_config_nodedir: prefix,
      }
      const allowed = ['--ignore-scripts=false', '--foreground-scripts']
      const install = ['npm', 'install', '--no-audit', '--no-fund', ...allowed, name]
      const { code, stderr } = await plain(install, { cwd: folder, env: { ...headers } })
      t.is(code, 0, stderr)
      const program = path.join(folder, 'program.cjs')
      writeFileSync(program, `${text}\nsetInterval(() => {}, 1e6)\n`)
      for (const prefix of [[], [main, 'run', '--', process.execPath]]) {
        const env = plainEnvironment()
        const child = spawn(process.execPath, [...prefix, program], { cwd: folder, env })
        t.teardown(() => child.kill('SIGKILL'))
        const errors: string[] = []
        child.stderr.on('data', (chunk) => errors.push(String(chunk)))
        const said = once(createInterface({ input: child.stdout }), 'line')
        const ended = once(child, 'close').then(() => ['ended'])
        t.deepEqual(await Promise.race([said, ended]), ['ready'], errors.join(''))
        const found = explain(child.pid ?? 0)
        if ('message' in found) throw new Error(found.message)
        const table = explanationText(found)
        t.true(found.attributedBytes >= 0.95 * found.residentBytes, table)
        t.true(
          found.holders.some((one) => holder.test(one.name) && one.bytes > 2 ** 20),
          table,
        )
        child.kill('SIGKILL')
      }
    },
  )
