import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { plain, programTest, served, temporaryFolder, wasServed } from '../support/programs.mjs'

/** One unit with much of the standard library in it and many instantiations of its own. */
function largeUnit(): string {
  const headers = [
    'algorithm',
    'functional',
    'iostream',
    'map',
    'regex',
    'set',
    'sstream',
    'string',
  ]
  const lines = [...headers, 'unordered_map', 'variant', 'vector'].map(
    (name) => `#include <${name}>`,
  )
  lines.push(
    'template <int N> struct Tag { int value[N % 7 + 1]; bool operator<(const Tag &o) const',
  )
  lines.push('  { return value[0] < o.value[0]; } };')
  for (let i = 0; i < 12; i++)
    lines.push(
      `std::string f${i}(const std::vector<std::string> &in) {`,
      `  std::map<std::string, std::vector<Tag<${i}>>> by; std::set<Tag<${i}>> seen;`,
      `  for (const auto &s : in) by[s + "${i}"].push_back(Tag<${i}>{});`,
      '  std::ostringstream out; for (auto &[k, v] : by) { std::sort(v.begin(), v.end());',
      '    for (auto &t : v) seen.insert(t); out << k << v.size(); }',
      `  return std::regex_replace(out.str(), std::regex("a${i}+"), "b") + std::to_string(seen.size());`,
      '}',
    )
  return lines.join('\n')
}

programTest('g++ compiles a large unit', { commands: ['g++'], long: true }, async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(path.join(folder, 'unit.cc'), largeUnit())
  const compile = (object: string) => ['g++', '-std=c++17', '-O1', '-c', 'unit.cc', '-o', object]
  const expected = await plain(compile('plain.o'), { cwd: folder })
  t.is(expected.code, 0, expected.stderr)
  const actual = await served(t, compile('served.o'), { cwd: folder })
  t.is(actual.code, 0, actual.stderr)
  const object = (name: string) => readFileSync(path.join(folder, name))
  t.true(object('served.o').equals(object('plain.o')))
  wasServed(t, actual.served, /cc1plus/)
  wasServed(t, actual.served, /(^|\/)as /)
})
