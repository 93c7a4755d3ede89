import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { info, version } from 'superslab'

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const sources = read('native/sources.json')

test('one version everywhere', (t) => {
  t.is(version, read('package.json').version)
  t.is(read('package-lock.json').version, version)
  t.is(info().version, version)
})

test('nothing runs at install', (t) => {
  const { scripts, gypfile } = read('package.json')
  t.is(gypfile, false)
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) t.false(name in scripts)
  const locked = Object.entries(read('package-lock.json').packages) as [string, object][]
  // Those of development come by npm ci --ignore-scripts: scripts/install.mjs.
  for (const [name, entry] of locked) t.true(!('hasInstallScript' in entry) || 'dev' in entry, name)
})

test('the lock file names versions and no host', (t) => {
  for (const [name, entry] of Object.entries(read('package-lock.json').packages)) {
    t.true('version' in (entry as object), name)
    t.false('resolved' in (entry as object), name)
  }
})

test('every native source is listed once, and every listed one exists', (t) => {
  const ofPlatforms = ['os', 'hardened', 'preload', 'execute'].map((key) => sources[key])
  const listed = ['core', 'addon', 'bench', 'benchMain', 'benchCalls']
    .flatMap((key) => sources[key])
    .concat(ofPlatforms.flatMap(({ linux, mac }) => [...new Set([...linux, ...mac])]))
  const present = ['core', 'window', 'os', 'preload', 'addon', 'bench'].flatMap((folder) =>
    readdirSync(path.join('native', folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(c|cc)$/.test(file))
      .map((file) => `native/${folder}/${file}`),
  )
  t.deepEqual(listed.toSorted(), present.toSorted())
})

test('every file that the exports name was built', (t) => {
  const { exports, bin } = read('package.json')
  const entries = ['.', './raw', './metrics', './profile'].map((name) => exports[name])
  const files = entries.flatMap(Object.values).flatMap((one) => Object.values(one as object))
  for (const file of [...files, ...Object.values(bin)]) t.true(existsSync(file as string), file)
})
