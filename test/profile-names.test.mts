import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { packageOf } from '#dist/profile/frame'
import { parseEngineName } from '#dist/profile/js-name'
import { named } from '#dist/profile/names'
import { PerfMap } from '#dist/profile/perf-map'
import { parseRaw } from '#dist/profile/raw'
import { folderOf, type RawParts, rawText, written } from './support/profiles.mjs'

test('names of the engine’s map are taken apart', (t) => {
  const script = (file: string, line: number, column: number) => ({ file, line, column })
  const cases: [string, string, object | undefined][] = [
    ['JS:*keep file:///tmp/a.mjs:1:19', 'keep', script('/tmp/a.mjs', 1, 19)],
    ["JS:+'load /srv/a b.js:3:20", 'load', script('/srv/a b.js', 3, 20)],
    ['JS:^get size node:buffer:10:3', 'get size', script('node:buffer', 10, 3)],
    ['JS:~ file:///tmp/with%20blank.mjs:6:37', '', script('/tmp/with blank.mjs', 6, 37)],
    ['Script:~ /srv/a.js:1:1', '', script('/srv/a.js', 1, 1)],
    ['Eval:~ evalmachine.<anonymous>:1:1', '', script('evalmachine.<anonymous>', 1, 1)],
    ['LazyCompile:~Foo.bar /srv/a.js:2:2', 'Foo.bar', script('/srv/a.js', 2, 2)],
    ['JS:*my name /srv/a.js:2:2', 'my name', script('/srv/a.js', 2, 2)],
    ['JS:~fn webpack://app/./src/a.ts:4:5', 'fn', script('webpack://app/./src/a.ts', 4, 5)],
    ['Builtin:ArrayPrototypeMap', 'Builtin:ArrayPrototypeMap', undefined],
    ['RegExp:JS:~a.*:1:2', 'RegExp:JS:~a.*:1:2', undefined],
    ['JS:~', '(anonymous)', undefined],
  ]
  for (const [text, name, place] of cases)
    t.deepEqual(parseEngineName(text), { name, script: place as never }, text)
})

const mapOf = (...entries: string[]) => `${entries.join('\n')}\n`

test('an address has the name that it had when the sample was taken', (t) => {
  const [first, second] = ['1000 100 JS:~first a.js:1:1', '1080 10 JS:~second a.js:2:2']
  const third = '1000 100 JS:~third a.js:3:3'
  const text = mapOf(first, second, third)
  const map = new PerfMap(Buffer.from(`${text}1000 100 JS:~cut off`), [0x1080, 0x1001, 0x2000])
  const nameAt = (address: number, position: number) => map.at(address, position)?.name
  const [afterFirst, afterSecond] = [first.length + 1, first.length + second.length + 2]
  t.is(nameAt(0x1080, afterFirst), 'JS:~first a.js:1:1')
  t.is(nameAt(0x1080, afterSecond), 'JS:~second a.js:2:2')
  t.is(nameAt(0x1080, text.length), 'JS:~third a.js:3:3')
  t.is(nameAt(0x1001, afterSecond), 'JS:~first a.js:1:1')
  t.is(nameAt(0x1001, 0), undefined)
  t.is(nameAt(0x2000, text.length), undefined)
  t.is(nameAt(0x1080, 1e9), 'JS:~third a.js:3:3', 'the line that is being written does not count')
})

/** The profile of one stack of two addresses, 0x1011 and 0x2011. */
function profileOf(t: ExecutionContext, perf: string | undefined, parts: RawParts = {}) {
  const folder = folderOf(t)
  const perfMap = perf === undefined ? undefined : written(folder, 'perf.map', perf)
  const size = perf?.length ?? 0
  const stacks = [`1 0 1 100 1 100 ${size} ${size} : 1011 2011`]
  const maps = ['1000-3000 rwxp 00000000 00:00 0 ']
  const text = rawText({ ...(perfMap && { perfMap }), stacks, maps, ...parts })
  return { folder, profile: named(parseRaw(text, 'heap.raw')) }
}

test('without the engine’s map JavaScript is one frame, and the profile says so', (t) => {
  const { profile } = profileOf(t, undefined)
  t.deepEqual(
    profile.stacks[0]?.frames.map(({ name }) => name),
    ['JavaScript'],
  )
  t.regex(profile.notes.join(), /JavaScript is one frame.*--perf-basic-prof/)
  const gone = named(
    parseRaw(rawText({ perfMap: '/there/is/none', stacks: [], maps: [] }), 'heap.raw'),
  )
  t.regex(gone.notes.join(), /JavaScript is one frame.*ENOENT/)
})

test('functions are the same by whichever compiler, and a return address is that of its call', (t) => {
  const perf = mapOf(
    '1000 10 JS:~inner /srv/a.js:3:9',
    '1010 1 JS:*outer /srv/a.js:1:9',
    '1011 10 JS:*wrong /srv/a.js:9:9',
    '2000 20 JS:^outer /srv/a.js:1:9',
  )
  const [inner, outer] = profileOf(t, perf).profile.stacks[0]?.frames ?? []
  t.is(inner, outer)
  t.is(outer?.name, 'outer')
  t.is(outer?.line, 1)
  t.is(outer?.kind, 'javascript')
})

test('a stack whose addresses were reused has the later names, and that is counted', (t) => {
  const perf = mapOf('1000 20 JS:~before /srv/a.js:3:9', '1000 20 JS:~after /srv/a.js:4:9')
  const first = perf.indexOf('\n') + 1
  const stacks = [`1 0 1 100 1 100 ${first} ${perf.length} : 1011`]
  const { profile } = profileOf(t, perf, { stacks })
  t.is(profile.stacks[0]?.frames[0]?.name, 'after')
  t.regex(profile.notes.join(), /reused the addresses of 1 stacks/)
})

test('functions without a name are called by their place or what they are given to', (t) => {
  const folder = folderOf(t)
  const lines = [
    "server.on('request', function (request) {})",
    'list.map((one) => one).filter(async (one) => one)',
    'plain = [() => 1]',
  ]
  const script = written(folder, 'a.js', lines.join('\n'))
  const at = (line: number, text: string) => `${line}:${(lines[line - 1]?.indexOf(text) ?? 0) + 1}`
  const nameOf = (place: string) =>
    profileOf(t, mapOf(`1000 20 JS:~ ${script}:${place}`)).profile.stacks[0]?.frames[0]?.name
  t.is(nameOf(at(1, '(request')), 'callback of server.on')
  t.is(nameOf(at(2, '(one) => one)')), 'callback of list.map')
  t.is(nameOf(at(2, '(one) => one')), 'callback of list.map')
  t.is(nameOf(`2:${(lines[1] as string).lastIndexOf('(one)') + 1}`), 'callback of filter')
  t.is(nameOf(at(3, '() =>')), '(anonymous)')
  t.is(nameOf('1:1'), '(module)')
})

test('source maps give what the author wrote', (t) => {
  const folder = folderOf(t)
  // esbuild's map of: export function keepEverything(size: number) {…} minified in one line.
  const source =
    'interface A { n: number }\n\nexport function keepEverything(a: A) { return a.n }\n'
  const map = {
    version: 3,
    sources: ['src/cache.ts'],
    sourcesContent: [source],
    names: ['keepEverything'],
    // Generated column 9 (`k`) and 10 (the parameters) are line 3, columns 17 and 31 of the source.
    mappings: 'SAEgBA,CAAe',
  }
  const generated = 'function k(a){return a.n}\n'
  const apart = written(folder, 'min.js', `${generated}//# sourceMappingURL=min.js.map\n`)
  written(folder, 'min.js.map', JSON.stringify(map))
  const inline = `data:application/json;base64,${Buffer.from(JSON.stringify({ ...map, sourceRoot: '/root' })).toString('base64')}`
  const inside = written(folder, 'in.js', `${generated}//# sourceMappingURL=${inline}\n`)
  const frameOf = (file: string) =>
    profileOf(t, mapOf(`1000 20 JS:*k ${file}:1:11`)).profile.stacks[0]?.frames[0]
  const frame = frameOf(apart)
  t.is(frame?.name, 'keepEverything')
  t.is(frame?.file, `${folder}/src/cache.ts`)
  t.is(frame?.line, 3)
  t.is(frameOf(inside)?.file, '/root/src/cache.ts')
  t.is(frameOf(pathToFileURL(apart).href)?.name, 'keepEverything')
})

test('a map that is damaged or elsewhere is as if there were none', (t) => {
  const folder = folderOf(t)
  const names = ['//# sourceMappingURL=https://example.com/a.map', '//# sourceMappingURL=a.js.map']
  written(folder, 'a.js.map', '{"version":3')
  for (const line of names) {
    const file = written(folder, 'a.js', `function k() {}\n${line}\n`)
    const { profile } = profileOf(t, mapOf(`1000 20 JS:*k ${file}:1:11`))
    t.is(profile.stacks[0]?.frames[0]?.file, file)
  }
})

test('packages are named by their folder in node_modules', (t) => {
  t.is(packageOf('/srv/node_modules/express/lib/a.js'), 'express')
  t.is(packageOf('/srv/node_modules/@a/b/lib/a.js'), '@a/b')
  t.is(packageOf('/srv/node_modules/a/node_modules/b/c.node'), 'b')
  t.is(packageOf('/s/node_modules/.pnpm/b@1.0.0/node_modules/b/c.js'), 'b')
  t.is(packageOf('/s/node_modules/.cache/b/c.js'), '')
  t.is(packageOf('node:buffer'), 'node')
  t.is(packageOf('/srv/app.js'), '')
})
