// npm run docs:api: has typedoc write docs/api from the declarations and comments of lib. With --check it fails instead
// if docs/api differs.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { npm, root, step } from './run.mjs'

/** Installed in a folder of their own: typedoc needs a TypeScript with the interface of the compiler before 7. */
const tools = ['typedoc@0.28.20', 'typedoc-plugin-markdown@4.14.1', 'typescript@5.9.3']
const folder = path.join(root, 'build', 'typedoc')
const target = path.join(root, 'docs', 'api')
const isCheck = process.argv.includes('--check')

const options = {
  entryPoints: ['index', 'raw', 'metrics', 'profile'].map((name) =>
    path.join(root, 'lib', `${name}.ts`),
  ),
  tsconfig: path.join(root, 'tsconfig.json'),
  name: 'API reference',
  readme: 'none',
  plugin: ['typedoc-plugin-markdown'],
  router: 'module',
  sort: ['source-order'],
  // Members that a class inherits from Error or Array are in Node's documentation.
  excludeExternals: true,
  excludeNotDocumented: false,
  disableSources: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  // A type that is not exported is not documented.
  validation: { notExported: false },
}

if (!existsSync(path.join(folder, 'node_modules', 'typedoc'))) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
  npm(['install', '--ignore-scripts', '--no-save', ...tools], folder)
}
const out = isCheck ? path.join(folder, 'out') : target
rmSync(out, { recursive: true, force: true })
const file = path.join(folder, 'typedoc.json')
writeFileSync(file, JSON.stringify({ ...options, out }))
const typedoc = path.join(folder, 'node_modules', 'typedoc', 'bin', 'typedoc')
step('API reference', process.execPath, [typedoc, '--options', file], folder)

if (isCheck) {
  const read = (where) =>
    Object.fromEntries(
      readdirSync(where, { recursive: true })
        .filter((name) => name.endsWith('.md'))
        .map((name) => [name, readFileSync(path.join(where, name), 'utf8')]),
    )
  const [wanted, found] = [read(out), existsSync(target) ? read(target) : {}]
  const stale = new Set(
    [...Object.keys(wanted), ...Object.keys(found)].filter((name) => wanted[name] !== found[name]),
  )
  for (const name of stale) console.error(`docs/api/${name} is not what lib says: npm run docs:api`)
  if (stale.size > 0) process.exitCode = 1
}
