// The flags of a release build as one line, for the addon to report: `node scripts/build-flags.cjs linux`.
const { flags } = require('../native/sources.json')

console.log([...flags.common, ...flags.os[process.argv[2]], ...flags.release].join(' '))
