// Runs the C tests of a build and counts them.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { jobs } from './cmake.mjs'
import { root, runs } from './run.mjs'

export function ctest(directory, { wrapper = [], options = [] } = {}) {
  const report = path.join(root, directory, 'ctest.xml')
  rmSync(report, { force: true })
  const [command, ...args] = [
    ...wrapper,
    ...['ctest', '--test-dir', directory, '--output-on-failure', '--no-tests=error'],
    ...['--parallel', jobs, '--output-junit', report, ...options],
  ]
  const succeeded = runs(command, args)
  const xml = read(report)
  for (const reason of skipReasons(xml)) console.log(reason)
  return agree(count(xml), succeeded)
}

/** The prefix that runs a command without randomisation of addresses, where that is allowed. */
export function withoutRandomAddresses() {
  const wrapper = ['setarch', process.arch === 'arm64' ? 'aarch64' : 'x86_64', '-R']
  const allowed = spawnSync(wrapper[0], [...wrapper.slice(1), 'true']).status === 0
  return allowed ? wrapper : []
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** Prints the reasons of skipped tests, which CTest does not show. */
function skipReasons(xml) {
  const cases = xml.split('<testcase ').filter((text) => text.includes('<skipped '))
  return cases.map((text) => {
    const reason = text.match(/skipped: (.*)/)?.[1] ?? 'no reason given'
    return `skipped: ${text.match(/name="([^"]*)"/)?.[1]}: ${reason}`
  })
}

function count(xml) {
  const attribute = (name) => Number(xml.match(new RegExp(`\\s${name}="(\\d+)"`))?.[1] ?? 0)
  const failed = attribute('failures')
  const skipped = attribute('skipped') + attribute('disabled')
  return { passed: attribute('tests') - failed - skipped, failed, skipped }
}

/** Counts a failure of the runner without a failed test as one failed test. */
export function agree(counts, succeeded) {
  return succeeded || counts.failed > 0 ? counts : { ...counts, failed: 1 }
}
