import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

interface Preset {
  name: string
  hidden?: boolean
  inherits?: string
  binaryDir?: string
  cacheVariables?: Record<string, string>
}

const { configurePresets, buildPresets } = JSON.parse(
  readFileSync('CMakePresets.json', 'utf8'),
) as { configurePresets: Preset[]; buildPresets: { name: string; configurePreset: string }[] }

const visible = configurePresets.filter(({ hidden }) => !hidden)

/** The cache variables of a preset and of those that it inherits. */
function variables({ inherits, cacheVariables }: Preset): Record<string, string> {
  const parent = configurePresets.find(({ name }) => name === inherits)
  return { ...(parent && variables(parent)), ...cacheVariables }
}

test('each build has a folder of its own, compile_commands.json and a build preset', (t) => {
  t.is(new Set(visible.map(({ binaryDir }) => binaryDir)).size, visible.length)
  for (const preset of visible) {
    t.regex(preset.binaryDir ?? '', /^\$\{sourceDir\}\/build\/[\w-]+$/)
    t.is(variables(preset).CMAKE_EXPORT_COMPILE_COMMANDS, 'ON', preset.name)
    t.true(
      buildPresets.some(({ configurePreset }) => configurePreset === preset.name),
      preset.name,
    )
  }
})

test('the core checks its invariants in the builds that look for faults, and in no other', (t) => {
  const checked = visible.filter((preset) => {
    const { SUPERSLAB_CHECKED: checks, SUPERSLAB_SANITIZE: sanitizer } = variables(preset)
    return checks === 'ON' || (checks === undefined && sanitizer !== undefined)
  })
  t.deepEqual(
    checked.map(({ name }) => name),
    [
      'checked',
      'hardened',
      'hardened2',
      'address',
      'thread',
      'fuzz',
      'fuzz-hardened',
      'fuzz-hardened2',
    ],
  )
})

test('CMake reads the presets', (t) => {
  const list = execFileSync('cmake', ['--list-presets'], { encoding: 'utf8' })
  const names = [...list.matchAll(/^ +"([\w-]+)"/gm)].map(([, name]) => name)
  t.deepEqual(
    names,
    visible.map(({ name }) => name),
  )
})

test('the scripts name presets that there are, and repeat none of their variables', (t) => {
  // npm run bench:check builds commits that have no presets; build:prebuilds builds for any processor.
  const others = ['BUILD_TESTING', 'CMAKE_SYSTEM_NAME', 'CMAKE_SYSTEM_PROCESSOR']
  const own = configurePresets
    .flatMap(({ cacheVariables }) => Object.keys(cacheVariables ?? {}))
    .filter((variable) => !others.includes(variable))
  let used = 0
  for (const name of readdirSync('scripts').filter((file) => file.endsWith('.mjs'))) {
    const text = readFileSync(path.join('scripts', name), 'utf8')
    for (const [, preset = ''] of text.matchAll(/buildPreset\([^,]+, '([\w-]+)'\)/g)) {
      used++
      t.true(
        buildPresets.some((one) => one.name === preset),
        `${name}: ${preset}`,
      )
    }
    for (const variable of new Set(own))
      t.false(text.includes(`-D${variable}`), `${name}: ${variable}`)
  }
  t.true(used >= 6)
})
