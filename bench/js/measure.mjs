// One measurement in a process of its own: node measure.mjs CASE, a line of JSON on the way out.
import { contenders } from './contenders.mjs'
import { handoff } from './handoff.mjs'
import { pair } from './pair.mjs'
import { parse } from './parser.mjs'
import { randomMixed } from './random-mixed.mjs'

const { workload, contender, size } = JSON.parse(process.argv[2])
const run = {
  pair: () => pair(contenders[contender], { size }),
  'random-mixed': () => randomMixed(contenders[contender]),
  handoff: () => handoff(contender),
  parser: () => parse(contender),
}
console.log(JSON.stringify(await run[workload]()))
