// Carries out messages in a thread of its own, and answers each. The package is loaded when first needed.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type * as Superslab from 'superslab'

export type Command =
  | { do: 'load' | 'address' | 'stats' | 'exit' | 'throw' | 'wait' }
  | { do: 'alloc'; sizes: number[]; byte: number }
  | { do: 'free'; views: Uint8Array[] }
  | { do: 'read'; views: Uint8Array[] }
  | { do: 'native'; addon: string; size: number }

const { root } = workerData as { root?: string }
let loaded: typeof Superslab | undefined
let kept: Buffer[] = []

function superslab(): typeof Superslab {
  loaded ??= createRequire(root ?? import.meta.url)('superslab') as typeof Superslab
  return loaded
}

function codeOf(action: () => unknown): string {
  try {
    action()
    return 'done'
  } catch (error) {
    return (error as Superslab.SuperslabError).code
  }
}

function answer(command: Command): unknown {
  switch (command.do) {
    case 'load':
      return superslab().version
    case 'alloc':
      kept = command.sizes.map((size) => superslab().alloc(size).fill(command.byte))
      return kept
    case 'address':
      return kept.map((buffer) => superslab().address(buffer))
    case 'free':
      return command.views.map((view) => codeOf(() => superslab().free(view)))
    case 'read':
      return command.views.map((view) => view.at(-1))
    case 'native': {
      const addon = createRequire(import.meta.url)(command.addon)
      addon.begin(superslab().address(superslab().alloc(command.size)), command.size)
      return 'begun'
    }
    case 'stats':
      return superslab().stats().heap
    case 'exit':
      process.exit(0)
      return
    case 'throw':
      throw new Error('as it was told')
    case 'wait':
      for (;;) superslab().free(superslab().alloc(100))
  }
}

parentPort?.on('message', (command: Command) => parentPort?.postMessage(answer(command)))
