// Runs in the page of a profile: fills it from its data. The scripts for the graph and the tables are before it.
function showProfile(
  { flameTree, drawFlame, pathTo },
  { sums, drawTable, functionWords, plainWords, bytes, count },
) {
  const text = document.querySelector('#data').textContent
  const data = JSON.parse(text)
  const element = (id) => document.querySelector(`#${id}`)

  const measures = {
    use: { title: 'in use now', of: ({ now }) => ({ width: now[0], change: 0 }) },
    allocated: {
      title: 'allocated since the start',
      of: ({ now }) => ({ width: now[2], change: 0 }),
    },
    change: {
      title: 'in use now, coloured by what changed',
      of: ({ now, before }) => ({ width: now[0], change: now[0] - before[0] }),
    },
    grown: {
      title: 'what grew',
      of: ({ now, before }) => ({
        width: Math.max(0, now[0] - before[0]),
        change: now[0] - before[0],
      }),
    },
    since: {
      title: 'allocated in between',
      of: ({ now, before }) => ({ width: Math.max(0, now[2] - before[2]), change: 0 }),
    },
  }
  const offered = data.hasBefore
    ? ['grown', 'change', 'use', ...(data.isCourse ? ['since'] : []), 'allocated']
    : ['use', 'allocated']
  for (const key of offered) element('measure').append(new Option(measures[key].title, key))

  let focusPath = []

  function matcher() {
    const wanted = element('find').value.trim().toLowerCase()
    if (wanted === '') return undefined
    return (frame) => {
      const { name = '', place = '' } = data.frames[frame] ?? {}
      return `${name} ${place}`.toLowerCase().includes(wanted)
    }
  }

  function describe(node, root, isChange) {
    const { name, place } = data.frames[node.frame] ?? { name: 'All', place: '' }
    const share = root.total > 0 ? ((100 * node.total) / root.total).toFixed(1) : '0.0'
    const change = isChange ? `, changed by ${bytes(node.change)}` : ''
    return `${name}: ${bytes(node.total)} (${share} %)${change}${place === '' ? '' : ` — ${place}`}`
  }

  /** The bytes of stacks that have a matching frame. */
  function found(matches, measure) {
    const hits = data.stacks.filter(({ frames }) => frames.some(matches))
    const sum = hits.reduce((total, stack) => total + measure.of(stack).width, 0)
    return `Found in ${count(hits.length)} stacks: ${bytes(sum)}. `
  }

  function draw() {
    const key = element('measure').value
    const measure = measures[key]
    const root = flameTree(data, measure.of, element('minor').checked)
    let focus = root
    for (const frame of focusPath) focus = focus.children.get(frame) ?? focus
    const matches = matcher()
    const isChange = key === 'change'
    const choose = (node) => {
      focusPath = pathTo(node)
        .slice(1)
        .map(({ frame }) => frame)
      draw()
      element('flame').querySelector('.chosen')?.focus({ preventScroll: true })
    }
    drawFlame(element('flame'), { root, focus, frames: data.frames, isChange, matches, choose })
    element('detail').textContent =
      (matches ? found(matches, measure) : '') + describe(focus, root, isChange)
    const order = { grown: 'change', since: 'allocated' }[key] ?? key
    const table = (id, title, keyOf, words) =>
      drawTable(element(id), title, sums(data.stacks, keyOf), data, order, words)
    table('functions', 'function', ({ site }) => site, functionWords(data.frames))
    table('packages', 'package', (stack) => stack.package, plainWords)
    table('addons', 'library', ({ addon }) => addon, plainWords)
    table('labels', 'label', ({ label }) => label, plainWords)
  }

  element('by-label').hidden = data.stacks.every(({ label }) => label === '')
  for (const id of ['measure', 'minor']) element(id).addEventListener('change', draw)
  element('find').addEventListener('input', draw)
  element('save').href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  draw()
}

showProfile(globalThis.flame, globalThis.tables)
