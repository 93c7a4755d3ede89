// npm run test:sanitizers: the C tests under AddressSanitizer with UndefinedBehaviorSanitizer, and under
// ThreadSanitizer.
import { buildTests } from './cmake.mjs'
import { ctest, withoutRandomAddresses } from './ctest.mjs'

const builds = [
  { name: 'address and undefined', directory: 'build/asan', sanitize: 'address;undefined' },
  // Older runtimes of ThreadSanitizer do not start where addresses are randomised widely.
  {
    name: 'thread',
    directory: 'build/tsan',
    sanitize: 'thread',
    wrapper: withoutRandomAddresses(),
  },
]

for (const { name, directory, sanitize, wrapper } of builds) {
  buildTests(name, directory, [`-DSUPERSLAB_SANITIZE=${sanitize}`])
  const { passed, failed, skipped } = ctest(directory, { wrapper })
  console.log(`sanitizer ${name}: passed ${passed}, failed ${failed}, skipped ${skipped}`)
  if (failed > 0) process.exitCode = 1
}
