// An addon that allocates with superslab: `npx node-gyp rebuild && node main.js`
const { native, stats } = require('superslab') // comes first: the addon looks for its functions
const { count, at } = require('./build/Release/histogram.node')

const counts = count(Buffer.from('superslab'))
console.log('s:', at(counts, 's'.charCodeAt(0)), 'x:', at(counts, 'x'.charCodeAt(0)))
console.log('live blocks:', stats().liveBlocks)
native.free(counts) // made in C, freed here
console.log('live blocks:', stats().liveBlocks)
try {
  at(counts, 0)
} catch (error) {
  console.log('after free:', error.message)
}
