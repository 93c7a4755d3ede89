import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import ts from 'typescript'
import { digestOf } from '../inputs.mjs'

export default async function work(folder) {
  const require = createRequire(import.meta.url)
  const types = path.dirname(require.resolve('@types/node/package.json'))
  const files = Array.from({ length: 40 }, (_, i) => {
    const file = path.join(folder, `unit${i}.ts`)
    const text = `import { createServer } from 'node:http'
type Tree<T> = { value: T; children: Tree<T>[] }
export function depth${i}<T>(tree: Tree<T>): number {
  return 1 + Math.max(0, ...tree.children.map((child) => depth${i}(child)))
}
export const server${i} = createServer((request, response) => response.end(request.url))
export const wrong${i}: string = depth${i}({ value: ${i}, children: [] })\n`
    writeFileSync(file, text)
    return file
  })
  const options = {
    ...{ strict: true, module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022 },
    ...{ types: ['node'], typeRoots: [path.dirname(types)], noEmit: true },
  }
  const found = ts.getPreEmitDiagnostics(ts.createProgram(files, options))
  return digestOf(found.map(({ messageText, start }) => `${start} ${JSON.stringify(messageText)}`))
}
