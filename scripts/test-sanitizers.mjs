// npm run test:sanitizers: the C tests under AddressSanitizer with UndefinedBehaviorSanitizer, and under
// ThreadSanitizer.
import { buildPreset } from './cmake.mjs'
import { ctest, withoutRandomAddresses } from './ctest.mjs'

const builds = [
  { preset: 'address', name: 'address and undefined' },
  // Under a wide randomisation of addresses older ThreadSanitizer runtimes do not start.
  { preset: 'thread', name: 'thread', wrapper: withoutRandomAddresses() },
]

for (const { preset, name, wrapper } of builds) {
  const { passed, failed, skipped } = ctest(buildPreset(name, preset), { wrapper })
  console.log(`sanitizer ${name}: passed ${passed}, failed ${failed}, skipped ${skipped}`)
  if (failed > 0) process.exitCode = 1
}
