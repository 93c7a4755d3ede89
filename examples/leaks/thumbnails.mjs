// A leak of the second kind: an addon that forgets to free. `resize` in thumbnail.c frees its canvas, but not where the
// picture is refused. `npx node-gyp rebuild`, then
// `npx superslab run --profile=thumbnails.html --profile-exact -- node thumbnails.mjs [pictures] [addon]`
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { resize } = require(process.argv[3] ?? './build/Release/thumbnail.node')

function thumbnail(picture) {
  try {
    return resize(picture)
  } catch {
    return undefined // a placeholder is shown
  }
}

const count = Number(process.argv[2] ?? 1000)
let good = 0
for (let i = 0; i < count; i++) {
  const picture = Buffer.from(i % 2 === 0 ? `P6 ${i}` : `broken ${i}`)
  if (thumbnail(picture)) good++
}
console.log(`thumbnails: ${good}, refused: ${count - good}`)
