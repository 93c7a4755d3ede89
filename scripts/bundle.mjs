// The last step of npm run build: the modules that a program loads become one file, dist/bundle.js, and a second one,
// dist/later.js, of what require('superslab') does not evaluate. One file is found, read and compiled sooner than twenty.
// What they were is kept: each is evaluated when it is first asked for, once, and its own file hands it out, so that the
// entries, the command line and the tests share one instance.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

const dist = path.join(root, 'dist')
/** What package.json's exports name. */
const entries = ['index', 'raw', 'metrics']
const relative = /\brequire\(["'](\.[^"']*)["']\)/g
/** As the compiler writes an import. */
const imported = /\brequire\("(\.[^"]*)"\)/g
/** As the compiler writes `export { … } from './…'`. */
const reexports =
  /^var (\w+) = require\("(\.[^"]*)"\);\n((?:Object\.defineProperty\(exports, "\w+", \{ enumerable: true, get: function \(\) \{ return \1\.\w+; \} \}\);\n)+)/gm
const reexport = /^Object\.defineProperty\(exports, "(\w+)".* return \w+\.(\w+);.*$/gm

/** By their paths in dist, without the extension: each behind what it needs. */
function collect(name, sources = new Map()) {
  if (sources.has(name)) return sources
  const source = readFileSync(path.join(dist, `${name}.js`), 'utf8')
  sources.set(name, source)
  for (const [, needed] of source.matchAll(relative)) collect(resolve(name, needed), sources)
  return sources
}

function resolve(from, needed) {
  return path.posix.join(path.posix.dirname(from), needed)
}

/** What a module only hands on is evaluated when it is first read: some of it costs more than all the rest. */
function handOn(name, source) {
  return source.replace(reexports, (_, _variable, needed, lines) =>
    lines.replace(reexport, `handOn(exports, '$1', '${resolve(name, needed)}', '$2')`),
  )
}

/** What is evaluated with a module: all that it imports, but not what it only hands on or requires within. */
function evaluatedWith(name, sources, names = new Set()) {
  if (names.has(name)) return names
  names.add(name)
  for (const [, needed] of handOn(name, sources.get(name)).matchAll(imported))
    evaluatedWith(resolve(name, needed), sources, names)
  return names
}

function definition([name, source]) {
  const body = handOn(name, source).replace(
    relative,
    (_, needed) => `bundled('${resolve(name, needed)}')`,
  )
  return `  '${name}'(exports) {\n${body.trimEnd()}\n  },\n`
}

const head = `'use strict'\n// Made by scripts/bundle.mjs of the modules in lib.\n`

function laterFile(modules) {
  return `${head}module.exports = (bundled, handOn) => ({\n${modules.map(definition).join('')}})\n`
}

function bundleFile(modules) {
  return `${head}const definitions = {
${modules.map(definition).join('')}}

const modules = Object.create(null)

/** As require: a module that throws is evaluated again when it is asked for again. */
function bundled(name) {
  if (modules[name] !== undefined) return modules[name]
  if (definitions[name] === undefined) Object.assign(definitions, require('./later')(bundled, handOn))
  const exports = (modules[name] = {})
  try {
    definitions[name](exports)
  } catch (error) {
    delete modules[name]
    throw error
  }
  return exports
}

function handOn(exports, name, from, original) {
  const get = () => {
    const value = bundled(from)[original]
    Object.defineProperty(exports, name, { value, configurable: false })
    return value
  }
  Object.defineProperty(exports, name, { get, enumerable: true, configurable: true })
}

module.exports = bundled
`
}

/** The names as Node's lexer of CommonJS finds them for those who import: it runs nothing. */
function hint(source) {
  const names = new Set(Array.from(source.matchAll(/\bexports\.(\w+) = /g), ([, name]) => name))
  return `0 && (module.exports = { ${[...names].join(', ')} })\n`
}

export function layBundle() {
  const sources = new Map()
  for (const entry of entries) collect(entry, sources)
  const first = evaluatedWith('index', sources)
  const modules = [...sources]
  const files = {
    bundle: bundleFile(modules.filter(([name]) => first.has(name))),
    later: laterFile(modules.filter(([name]) => !first.has(name))),
  }
  for (const [name, text] of Object.entries(files))
    writeFileSync(path.join(dist, `${name}.js`), text)
  for (const [name, source] of modules) {
    const place = path.posix.relative(path.posix.dirname(name), 'bundle')
    const file = place.startsWith('.') ? place : `./${place}`
    const stub = `'use strict'\nconst bundled = require('${file}')\nmodule.exports = bundled('${name}')\n`
    writeFileSync(path.join(dist, `${name}.js`), stub + hint(source))
  }
}
