// npm run bench:hot: the instructions of a malloc and a free that are served by the thread's bin, from the first to the
// return, in both artifacts. Counted by valgrind's callgrind in two runs, of which one makes more calls: the instructions
// of start-up and refills cancel in the difference. With --code, it prints the instructions.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './run.mjs'

const release = path.join(root, 'build/Release')
const preload = path.join(release, 'libsuperslab.so')
const addon = path.join(release, 'superslab.node')

/** For each artifact, the program to run and the names of its two functions. */
const artifacts = {
  preload: {
    file: preload,
    functions: ['malloc', 'free'],
    command: (ops) => [
      ...['env', `LD_PRELOAD=${preload}`, 'SUPERSLAB_CHILDREN=all'],
      ...[path.join(release, 'superslab-bench'), 'ping-pong', '--allocator', 'system'],
      ...['--ops', String(ops), '--size', '64'],
    ],
  },
  addon: {
    file: addon,
    functions: ['superslab_malloc', 'superslab_free'],
    // Without V8's compiler, whose changing machine code valgrind would have to translate.
    command: (ops) => [
      ...[process.execPath, '--jitless', '--eval'],
      `require(${JSON.stringify(addon)}).benchRun('ping-pong', 'superslab', 1, ${ops}, 64, 64, 1, 42)`,
    ],
  },
}

const few = 2000
const more = 2000

/** Instructions of each function, without those of its callees. */
function selfCosts(file) {
  const costs = new Map()
  const names = new Map()
  let current
  let isCall = false
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, id, name] = line.match(/^fn=\((\d+)\)(?: (.*))?$/) ?? []
    const [, cost] = line.match(/^[+\-*\d]\S* (\d+)$/) ?? []
    if (id !== undefined) {
      if (name !== undefined) names.set(id, name)
      current = names.get(id)
    } else if (line.startsWith('calls=')) isCall = true
    else if (cost !== undefined && isCall) isCall = false
    else if (cost !== undefined) costs.set(current, (costs.get(current) ?? 0) + Number(cost))
    else {
      // The file has each name once, at its first use.
      const [, called, calledName] = line.match(/^cfn=\((\d+)\) (.*)$/) ?? []
      if (called !== undefined) names.set(called, calledName)
    }
  }
  return costs
}

function counted({ functions, command }, ops) {
  const folder = mkdtempSync(path.join(tmpdir(), 'superslab-hot-'))
  const out = path.join(folder, 'callgrind.out')
  const toggles = functions.map((name) => `--toggle-collect=${name}`)
  const [tool, ...rest] = [
    'valgrind',
    '--tool=callgrind',
    `--callgrind-out-file=${out}`,
    ...toggles,
  ]
  try {
    execFileSync(tool, [...rest, '--trace-children=yes', ...command(ops)], { stdio: 'ignore' })
    return selfCosts(out)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Instructions of one call, by the function's name. Each pair of operations is one call of each. */
function perCall(artifact) {
  const [less, all] = [counted(artifact, few), counted(artifact, few + more)]
  return artifact.functions.map((name) => (all.get(name) - less.get(name)) / (more / 2))
}

function printCode({ file, functions }) {
  const text = execFileSync('objdump', ['-d', '--no-show-raw-insn', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  for (const name of functions)
    console.log(text.match(new RegExp(`^\\w+ <${name}>:\\n[^]*?\\n\\n`, 'm'))?.[0])
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, code: { type: 'boolean' } },
})
if (spawnSync('valgrind', ['--version']).status !== 0) {
  console.error('instructions are counted by valgrind, which is not installed')
  process.exit(2)
}
for (const [name, artifact] of Object.entries(artifacts)) {
  if (values.only !== undefined && values.only !== name) continue
  const [malloc, free] = perCall(artifact)
  console.log(`${name}: malloc ${malloc}, free ${free}`)
  if (values.code) printCode(artifact)
}
