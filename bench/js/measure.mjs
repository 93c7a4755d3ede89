// One measurement in a process of its own: node measure.mjs CASE prints a line of JSON. Only the modules of the case are
// loaded, because others would count in its RSS.
const { workload, contender, size } = JSON.parse(process.argv[2])

async function contenderOf(name) {
  const { contenders } = await import('./contenders.mjs')
  return contenders[name]
}

const run = {
  async pair() {
    const { pair } = await import('./pair.mjs')
    return pair(await contenderOf(contender), { size })
  },
  async 'random-mixed'() {
    const { randomMixed } = await import('./random-mixed.mjs')
    return randomMixed(await contenderOf(contender))
  },
  async handoff() {
    const { handoff } = await import('./handoff.mjs')
    return handoff(contender)
  },
  async parser() {
    const { parse } = await import('./parser.mjs')
    return parse(contender, size)
  },
}
console.log(JSON.stringify(await run[workload]()))
