import { pathToFileURL } from 'node:url'
import type { Frame } from '../../profile/frame'
import type { Profile } from '../../profile/profile'

/*
 * Chrome's .heapprofile, which DevTools open in the panel Memory: HeapProfiler.SamplingHeapProfile of the DevTools
 * protocol. Lines and columns count from 0 there.
 */

interface Node {
  callFrame: {
    functionName: string
    scriptId: string
    url: string
    lineNumber: number
    columnNumber: number
  }
  selfSize: number
  id: number
  children: Node[]
}

/** What is in use. */
export function toHeapProfile({ stacks }: Profile): string {
  return JSON.stringify(new Tree(stacks).profile())
}

class Tree {
  private readonly root: Node
  private readonly children = new Map<Node, Map<Frame, Node>>()
  private readonly scripts = new Map<string, number>()
  private readonly samples: { size: number; nodeId: number; ordinal: number }[] = []
  private count = 0

  constructor(stacks: Profile['stacks']) {
    this.root = this.node('(root)', '', -1, -1)
    for (const { frames, inUseBytes } of stacks) {
      if (inUseBytes === 0) continue
      let node = this.root
      for (const frame of frames.toReversed()) node = this.child(node, frame)
      const size = Math.round(inUseBytes)
      node.selfSize += size
      this.samples.push({ size, nodeId: node.id, ordinal: this.samples.length + 1 })
    }
  }

  profile() {
    return { head: this.root, samples: this.samples }
  }

  private child(parent: Node, frame: Frame): Node {
    const known = this.children.get(parent) ?? new Map<Frame, Node>()
    this.children.set(parent, known)
    let node = known.get(frame)
    if (!node) {
      const { name, file, library, line, column } = frame
      node = this.node(name, urlOf(file || library), line - 1, column - 1)
      known.set(frame, node)
      parent.children.push(node)
    }
    return node
  }

  private node(functionName: string, url: string, line: number, column: number): Node {
    const scriptId = String(this.script(url))
    const callFrame = { functionName, scriptId, url, lineNumber: line, columnNumber: column }
    return { callFrame, selfSize: 0, id: ++this.count, children: [] }
  }

  private script(url: string): number {
    if (url === '') return 0
    const id = this.scripts.get(url) ?? this.scripts.size + 1
    this.scripts.set(url, id)
    return id
  }
}

function urlOf(file: string): string {
  return file.startsWith('/') ? pathToFileURL(file).href : file
}
