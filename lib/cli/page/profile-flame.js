// Runs in the page of a profile: the flame graph, the outermost function at the top.
const rowPixels = 22
/** Narrower frames are left out: they can be neither read nor hit. */
const leastShare = 0.002

/**
 * The tree of calls. `values` gives a stack's width and its change; a change is undefined if nothing is compared.
 * @typedef {{ frame: number, total: number, change: number, children: Map<number, Node>, parent?: Node }} Node
 */
function flameTree({ stacks, frames }, values, withMinor) {
  const root = { frame: -1, total: 0, change: 0, children: new Map(), depth: 0 }
  for (const stack of stacks) {
    const { width, change } = values(stack)
    if (width <= 0 && change === 0) continue
    const shown = withMinor ? stack.frames : stack.frames.filter((one) => !frames[one].minor)
    let node = root
    node.total += width
    node.change += change
    for (const frame of shown.length > 0 ? shown : stack.frames) {
      let child = node.children.get(frame)
      if (!child) {
        child = { frame, total: 0, change: 0, children: new Map(), depth: node.depth + 1 }
        child.parent = node
        node.children.set(frame, child)
      }
      child.total += width
      child.change += change
      node = child
    }
  }
  return root
}

function pathTo(node) {
  const nodes = []
  for (let one = node; one; one = one.parent) nodes.unshift(one)
  return nodes
}

/** Draws the part of the tree below `focus`, with the way to it above. */
function drawFlame(place, { root, focus, frames, isChange, matches, choose }) {
  place.replaceChildren()
  let deepest = 0
  const add = (node, left, width, row) => {
    deepest = Math.max(deepest, row)
    const button = document.createElement('button')
    const {
      name,
      place: where,
      kind,
    } = frames[node.frame] ?? {
      name: 'all',
      place: '',
      kind: 'engine',
    }
    const tone = node.change > 0 ? 'grown' : node.change < 0 ? 'shrunk' : 'engine'
    button.className = isChange ? tone : kind
    if (matches && !matches(node.frame)) button.classList.add('dim')
    if (node === focus) button.classList.add('chosen')
    button.textContent = name
    button.title = where === '' ? name : `${name}\n${where}`
    button.style.left = `${100 * left}%`
    button.style.width = `${100 * width}%`
    button.style.top = `${row * rowPixels}px`
    button.addEventListener('click', () => choose(node))
    place.append(button)
  }
  const below = (node, left, width, row) => {
    add(node, left, width, row)
    let at = left
    const children = [...node.children.values()].sort((a, b) => b.total - a.total)
    for (const child of children) {
      const share = node.total > 0 ? (width * child.total) / node.total : 0
      if (share >= leastShare) below(child, at, share, row + 1)
      at += share
    }
  }
  const way = pathTo(focus)
  for (const node of way.slice(0, -1)) add(node, 0, 1, node.depth)
  below(focus ?? root, 0, 1, way.length - 1)
  place.style.height = `${(deepest + 1) * rowPixels}px`
}

globalThis.flame = { flameTree, drawFlame, pathTo }
