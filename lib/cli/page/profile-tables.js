// Runs in the page of a profile: its tables.
const mostRows = 100

/** Sums of stacks by a key; `describe` gives the cells of words. */
function sums(stacks, keyOf) {
  const groups = new Map()
  for (const stack of stacks) {
    const key = keyOf(stack)
    if (key === undefined || key === '') continue
    const group = groups.get(key) ?? {
      key,
      now: [0, 0, 0, 0],
      before: [0, 0, 0, 0],
      callers: new Map(),
    }
    groups.set(key, group)
    for (let i = 0; i < 4; i++) {
      group.now[i] += stack.now[i]
      group.before[i] += stack.before[i]
    }
    if (stack.caller >= 0)
      group.callers.set(stack.caller, (group.callers.get(stack.caller) ?? 0) + stack.now[0])
  }
  return [...groups.values()]
}

function bytes(value) {
  const size = Math.abs(value)
  const sign = value < 0 ? '−' : ''
  if (size < 1024) return `${sign}${Math.round(size)} B`
  if (size < 2 ** 20) return `${sign}${(size / 1024).toFixed(1)} KiB`
  return `${sign}${(size / 2 ** 20).toFixed(size < 100 * 2 ** 20 ? 1 : 0)} MiB`
}

function count(value) {
  return Math.round(value).toLocaleString('en')
}

/** Columns of figures, with what each shows and whether more of it is more important. */
function columns({ hasBefore }) {
  const own = [
    { head: 'in use', of: ({ now }) => now[0], text: bytes, key: 'use' },
    { head: 'objects', of: ({ now }) => now[1], text: count },
    { head: 'allocated', of: ({ now }) => now[2], text: bytes, key: 'allocated' },
  ]
  const change = [
    { head: 'change', of: ({ now, before }) => now[0] - before[0], text: bytes, key: 'change' },
    { head: 'before', of: ({ before }) => before[0], text: bytes },
  ]
  return hasBefore ? [...change, ...own] : own
}

/** Fills a place with a table, ordered by the measure. */
function drawTable(place, title, groups, data, measure, words) {
  const shown = columns(data)
  const by = shown.find(({ key }) => key === measure) ?? shown[0]
  const rows = groups
    .filter((group) => shown.some(({ of }) => Math.abs(of(group)) >= 0.5))
    .sort((a, b) => by.of(b) - by.of(a))
  const most = Math.max(1, ...rows.map((group) => Math.abs(by.of(group))))
  const table = document.createElement('table')
  const head = table.createTHead().insertRow()
  for (const [i, text] of [title, ...shown.map(({ head }) => head)].entries()) {
    const cell = document.createElement('th')
    cell.textContent = text
    if (i > 0) cell.className = 'n'
    head.append(cell)
  }
  const body = table.createTBody()
  for (const group of rows.slice(0, mostRows)) {
    const row = body.insertRow()
    const first = row.insertCell()
    words(first, group)
    const bar = document.createElement('span')
    bar.className = 'bar'
    bar.style.width = `${(100 * Math.abs(by.of(group))) / most}%`
    first.append(bar)
    for (const { of, text } of shown) {
      const cell = row.insertCell()
      cell.className = 'n'
      cell.textContent = text(of(group))
    }
  }
  const rest = rows.length - mostRows
  const note = document.createElement('p')
  note.textContent =
    rows.length === 0 ? 'None.' : rest > 0 ? `${count(rest)} more are not shown.` : ''
  place.replaceChildren(...(rows.length > 0 ? [table] : []), note)
}

/** The words of a function's row. */
function functionWords(frames) {
  return (cell, { key, callers }) => {
    const { name, place } = frames[key]
    cell.append(name, small(place))
    const [caller] = [...callers].sort((a, b) => b[1] - a[1])
    if (caller) {
      const from = frames[caller[0]]
      cell.append(small(`called by ${from.name} ${from.place}`))
    }
  }
}

function small(text) {
  const element = document.createElement('small')
  element.textContent = text
  return element
}

function plainWords(cell, { key }) {
  cell.append(key)
}

globalThis.tables = { sums, drawTable, functionWords, plainWords, bytes, count }
