/*
 * Loaded before a program by `superslab run --profile`, in each of its processes and workers. It must be quick, and must
 * not load the addon before there is something to write.
 */
import { isMainThread } from 'node:worker_threads'

/** Signals that end a program that does not listen for them. */
const ending = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

if (isMainThread) writeAtEnd()

function writeAtEnd(): void {
  // Node frees what the program holds, and ends its workers, before the library's own end.
  process.once('exit', write)
  for (const signal of ending) {
    const listener = () => {
      if (process.listenerCount(signal) > 1) return // the program's own will see to it
      write()
      process.removeListener(signal, listener)
      process.kill(process.pid, signal)
    }
    process.on(signal, listener)
  }
}

function write(): void {
  const { writeLast } = require('./last') as typeof import('./last')
  writeLast()
}
