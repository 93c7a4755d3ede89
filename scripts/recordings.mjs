// npm run bench:recordings -- FOLDER [NAME...]: makes the recordings of docs/benchmarks/recordings.md. Programs that are
// not installed are skipped; so is sharp, unless NODE_PATH names the folder that has it. next is installed for it.
// npm run bench:recordings -- --cost [--runs N] [NAME...]: what recording costs. Each round runs each program with and
// without a recording; the processor time is that of the program and its children, and the median of the rounds' ratios
// counts.
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { install } from '../bench/programs/install.mjs'
import { programs as works } from '../bench/programs/list.mjs'
import { readRecording } from '../dist/cli/recording/read.js'
import { root, tool } from './run.mjs'

const temporary = mkdtempSync(path.join(tmpdir(), 'superslab-recordings-'))
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))

/** A file for a program to read. */
function source(name, text) {
  const file = path.join(temporary, name)
  writeFileSync(file, text)
  return file
}

const lua = (rounds) => `
local words, all = {}, {}
for i = 1, ${rounds} do
  local word = string.format('%d-%s', i * 7919 % 1000, string.rep('x', i % 40))
  words[word] = (words[word] or 0) + 1
  if i % 3 == 0 then all[#all + 1] = { word = word, at = i, parts = { i % 7, i % 11 } } end
  if i % 500 == 0 then all = {} end
end
local sorted = {}
for word in pairs(words) do sorted[#sorted + 1] = word end
table.sort(sorted)
print(#sorted, #table.concat(sorted, ','))`

const sql = (rows) => `
create table t(id integer primary key, name text, value real);
create index by_name on t(name);
with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})
  insert into t select i, 'name ' || (i * 7919 % 1000), i * 0.5 from n;
select name, count(*), sum(value) from t group by name order by 3 desc limit 3;
update t set name = name || '!' where id % 3 = 0;
select count(*) from t a join t b on a.name = b.name where a.id < ${rows / 10};`

const python = `
import json, re, collections
text = json.dumps([{'id': i, 'tags': ['t%d' % (i %% 17), 'u%d' % (i %% 5)], 'name': 'n' * (i %% 30)} for i in range(20000)])
data = json.loads(text)
index = collections.defaultdict(list)
for one in data:
    for tag in one['tags']:
        index[tag].append(one)
print(len(re.findall(r'"t1\\d"', text)), sorted((len(v), k) for k, v in index.items())[-1])`.replaceAll(
  '%%',
  '%',
)

const cxx = `
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>
int main() {
  std::map<std::string, std::vector<int>> all;
  std::regex word("[a-z]+");
  for (int i = 0; i < 9; i++) all[std::to_string(i)].push_back(i);
  std::cout << all.size() << std::regex_match("abc", word);
}`

const images = `
const sharp = require('sharp')
const shape = { width: 1200, height: 900, channels: 3 }
const noise = { type: 'gaussian', mean: 128, sigma: 40 }
async function work() {
  const input = await sharp({ create: { ...shape, background: 'navy', noise } }).jpeg().toBuffer()
  await Promise.all(Array.from({ length: 24 }, (_, i) =>
    sharp(input).resize(200 + 20 * i).rotate(i).webp({ effort: 0 }).toBuffer()))
}
work().then(work)`

const requests = [
  '-n',
  '100000',
  '-t',
  'set,get,lpush,lpop,sadd,hset',
  '-P',
  '16',
  '-d',
  '100',
  '-r',
  '10000',
  '-q',
]

/** Commands to record, or functions that prepare and return them. */
const programs = {
  tsc: [process.execPath, tool('typescript/bin/tsc'), '--noEmit', '--project', root],
  sharp: [process.execPath, source('images.js', images)],
  next: nextServer,
  sqlite3: ['sqlite3', ':memory:', sql(60000)],
  redis: ['redis-server', '--port', '7391', '--save', '', '--loglevel', 'warning'],
  python3: ['python3', source('index.py', python)],
  'python3-malloc': ['python3', source('index.py', python)],
  cc1plus: [
    gcc('prog-name=cc1plus'),
    '-quiet',
    '-O1',
    '-imultiarch',
    gcc('multiarch'),
    source('words.cc', cxx),
    '-o',
    path.join(temporary, 'out.s'),
  ],
  lua: ['lua', source('words.lua', lua(150000))],
  'lua-small': ['lua', source('small.lua', lua(4000))],
  'sh-small': ['bash', '-c', 'for i in $(seq 400); do a[i]=$i$i; b=($i $b); done; echo $a'],
}

/** The compiler proper that g++ starts, and its arguments. */
function gcc(what) {
  const { stdout } = spawnSync('g++', [`-print-${what}`], { encoding: 'utf8' })
  return stdout?.trim() || what
}

/** A server of next and its client, in one process, installed and built in the temporary folder. */
function nextServer() {
  const program = works.filter(({ work }) => work === 'next')
  const major = process.versions.node.split('.')[0]
  const [{ node, place }] = install(path.join(temporary, 'programs'), [major], program)
  return [node, path.join(place, 'programs/child.mjs'), 'next', temporary]
}

/** The program behind a wrapper script, such as pyenv's. */
function python3() {
  const { stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  })
  return stdout?.trim() || 'python3'
}

function record(name, [command, ...args], file) {
  const main = path.join(root, 'dist/cli/main.js')
  const env = { ...process.env, ...(name === 'python3-malloc' && { PYTHONMALLOC: 'malloc' }) }
  const program = command === 'python3' ? python3() : command
  const words = [main, 'run', '--record', file, '--', program, ...args]
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  if (name === 'redis') {
    // redis-benchmark waits for ever if there is no server.
    const isReady = () => spawnSync('redis-cli', ['-p', '7391', 'ping']).status === 0
    for (let tries = 0; tries < 300 && !isReady(); tries++) spawnSync('sleep', ['0.1'])
    if (isReady()) spawnSync('redis-benchmark', ['-p', '7391', ...requests])
    spawnSync('redis-cli', ['-p', '7391', 'shutdown', 'nosave'])
  }
  return new Promise((resolve) => child.on('exit', resolve))
}

const bench = (...args) => [
  path.join(root, 'build/Release/superslab-bench'),
  ...args,
  '--allocator',
  'system',
]

/** The first two do other work as well; the last ones are loops that only allocate and free. */
const costPrograms = {
  tsc: programs.tsc,
  'python3-malloc': programs['python3-malloc'],
  lua: programs.lua,
  'random-mixed': bench('random-mixed', '--ops', '5000000'),
  'random-mixed, 4 threads': bench('random-mixed', '--ops', '1250000', '--threads', '4'),
  'churn, 4 lanes': bench('churn', '--ops', '1000000', '--threads', '4'),
  'handoff, 2 threads': bench('handoff', '--ops', '1500000', '--threads', '2'),
}

/** Processor seconds of a program with the preload library; recorded if there is a file. */
function seconds(name, [command, ...args], file) {
  const program = command === 'python3' ? python3() : command
  const env = {
    ...process.env,
    TIMEFORMAT: '%3U %3S',
    LD_PRELOAD_FOR: path.join(root, 'build/Release/libsuperslab.so'),
    ...(name === 'python3-malloc' && { PYTHONMALLOC: 'malloc' }),
  }
  const variables = ['LD_PRELOAD="$LD_PRELOAD_FOR"', 'SUPERSLAB_CHILDREN=all']
  if (file) variables.push(`SUPERSLAB_RECORD=${file}`)
  const words = ['-c', `time ${variables.join(' ')} "$@" > /dev/null`, 'bash', program, ...args]
  const { stderr, status } = spawnSync('bash', words, { env, encoding: 'utf8' })
  if (status !== 0) return undefined
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number)
  return user + system
}

const median = (numbers) => numbers.sort((one, other) => one - other)[numbers.length >> 1]

/** The file of the program itself, whose name ends in its process's number. */
function recorded() {
  const files = readdirSync(temporary).filter((one) => one.startsWith('cost.rec'))
  const sizes = files.map((one) => [statSync(path.join(temporary, one)).size, one])
  return path.join(temporary, sizes.sort((one, other) => other[0] - one[0])[0][1])
}

function cost(names, runs) {
  const file = path.join(temporary, 'cost.rec')
  for (const [name, command] of Object.entries(costPrograms)) {
    if (names.length > 0 && !names.includes(name)) continue
    const [ratios, plain] = [[], []]
    let bytes = 0
    for (let run = 0; run < runs; run++) {
      for (const one of readdirSync(temporary))
        if (one.startsWith('cost.rec')) rmSync(path.join(temporary, one))
      const [without, with_] = [seconds(name, command), seconds(name, command, file)]
      if (without === undefined || with_ === undefined) break
      plain.push(without)
      ratios.push(with_ / without)
    }
    if (ratios.length < runs) {
      console.log(`${name}: not measured`)
      continue
    }
    const { calls } = readRecording(recorded())
    bytes = statSync(recorded()).size / calls.count
    const time = median(plain)
    const each = ((median(ratios) - 1) * time * 1e9) / calls.count
    console.log(
      `${name}: ${median(ratios).toFixed(2)} times the processor time, ${time.toFixed(3)} s without; ` +
        `${each.toFixed(0)} ns and ${bytes.toFixed(1)} bytes each of ${calls.count} calls`,
    )
  }
}

async function recordAll(folder, names) {
  mkdirSync(folder, { recursive: true })
  for (const [name, program] of Object.entries(programs)) {
    if (names.length > 0 && !names.includes(name)) continue
    const command = typeof program === 'function' ? program() : program
    const file = path.join(path.resolve(folder), `${name}.rec`)
    const code = await record(name, command, file)
    if (code !== 0 || !existsSync(file)) {
      console.log(`${name}: not recorded (${command[0]} ended with ${code})`)
      continue
    }
    const packed = gzipSync(readFileSync(file), { level: 9 })
    writeFileSync(`${file}.gz`, packed)
    rmSync(file)
    console.log(`${name}: ${(packed.length / 1024).toFixed(0)} KiB`)
  }
}

const { values, positionals } = parseArgs({
  options: { cost: { type: 'boolean' }, runs: { type: 'string', default: '5' } },
  allowPositionals: true,
})
if (values.cost) {
  cost(positionals, Number(values.runs))
} else if (positionals.length > 0) {
  await recordAll(positionals[0], positionals.slice(1))
} else {
  console.error('usage: npm run bench:recordings -- FOLDER [NAME...] | --cost [--runs N] [NAME...]')
  process.exit(2)
}
