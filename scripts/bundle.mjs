// The last step of npm run build: the modules that the package's entries load become two files. dist/bundle.js has those
// that require('superslab') evaluates, dist/later.js the others: one file is found, read and compiled sooner than twenty,
// and reading both costs a millisecond more. esbuild keeps each of them a module, evaluated when it is first required.
// In the place of each module comes a file that hands it out of the bundle, so that the entries, the command line and
// the tests share one instance.
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { root } from './run.mjs'

/** The entries in package.json's exports, and the module that takes the place of the first: see lib/exports.ts. */
const entries = ['exports', 'index', 'raw', 'metrics', 'profile']
const standIns = { index: 'exports' }

const dist = path.join(root, 'dist')
const options = {
  absWorkingDir: root,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20.17',
  metafile: true,
  write: false,
  logLevel: 'warning',
}

const sourceOf = (name) => `lib/${name}.ts`
const nameOf = (source) => source.slice('lib/'.length, -'.ts'.length)

/** esbuild's description of each source that the entries lead to, by its path in lib without the extension. */
async function readSources() {
  const { metafile } = await build({ ...options, entryPoints: entries.map(sourceOf), outdir: dist })
  return new Map(Object.entries(metafile.inputs).map(([file, input]) => [nameOf(file), input]))
}

/** The modules that are evaluated with a module: its imports and theirs, but not modules that a function requires. */
function evaluatedWith(name, sources, names = new Set()) {
  if (names.has(name)) return names
  names.add(name)
  for (const { kind, path } of sources.get(name).imports)
    if (kind === 'import-statement' && path.startsWith('lib/'))
      evaluatedWith(nameOf(path), sources, names)
  return names
}

/** The names that each module exports; esbuild takes one without any for a CommonJS module with a default. */
async function readExports(names) {
  const entryPoints = names.map(sourceOf)
  const { metafile } = await build({ ...options, entryPoints, format: 'esm', outdir: dist })
  const outputs = Object.values(metafile.outputs)
  return new Map(
    outputs.map(({ entryPoint, exports }) => [nameOf(entryPoint), exports.filter(isName)]),
  )
}

function isName(name) {
  return name !== 'default'
}

/** Takes modules from another file of the bundle. */
function fromFile(file, names) {
  return {
    name: file,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ path: needed, resolveDir }) => {
        if (needed === file) return { external: true }
        const name = path.relative(dist, path.resolve(resolveDir, needed)).replace(/\.js$/, '')
        return names.has(name) ? { path: name, namespace: file } : undefined
      })
      onLoad({ filter: /.*/, namespace: file }, ({ path: name }) => ({
        contents: `module.exports = require('${file}')['${name}']()`,
      }))
    },
  }
}

/** One file of the bundle, from the compiler's output for `names`; `others` are in `otherFile`. */
async function bundle(names, others, otherFile) {
  const readers = [...names, ...others].map((name) => `'${name}': () => require('./${name}.js')`)
  const { outputFiles } = await build({
    ...options,
    stdin: { contents: `module.exports = { ${readers.join(', ')} }`, resolveDir: dist },
    plugins: [fromFile(otherFile, new Set(others))],
    format: 'cjs',
    banner: { js: '// Made by scripts/bundle.mjs of the modules in lib.' },
    outdir: dist,
  })
  return outputFiles[0].text
}

/** The file in a module's place. Node reads the names for `import` in its last statement, which is never run. */
function handOut(name, names) {
  const place = path.posix.relative(path.posix.dirname(name), 'bundle')
  const file = place.startsWith('.') ? place : `./${place}`
  const exports = `require('${file}')['${standIns[name] ?? name}']()`
  return `'use strict'\nmodule.exports = ${exports}\n0 && (module.exports = { ${names.join(', ')} })\n`
}

const sources = await readSources()
const first = evaluatedWith('exports', sources)
const later = [...sources.keys()].filter((name) => !first.has(name) && !(name in standIns))
const names = await readExports([...sources.keys()])
const files = new Map([
  ['bundle', await bundle([...first], later, './later')],
  ['later', await bundle(later, [...first], './bundle')],
])
for (const name of sources.keys()) files.set(name, handOut(name, names.get(name)))
files.delete('exports')
for (const extension of ['js', 'd.ts'])
  rmSync(path.join(dist, `exports.${extension}`), { force: true })
for (const [name, text] of files) writeFileSync(path.join(dist, `${name}.js`), text)
