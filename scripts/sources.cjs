// Prints a list of native/sources.json, for binding.gyp: `node scripts/sources.cjs flags common`. With `often` or
// `seldom` before it, the sources of the list that are not among the seldom ones, or those that are.
const sources = require('../native/sources.json')

const [first, ...rest] = process.argv.slice(2)
const part = first === 'often' || first === 'seldom' ? first : undefined
const list = (part ? rest : [first, ...rest]).reduce((value, key) => value[key], sources)
const isSeldom = (source) => sources.seldom.includes(source)
console.log(
  list
    .filter((source) => part === undefined || isSeldom(source) === (part === 'seldom'))
    .join('\n'),
)
