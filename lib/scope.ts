import { buffers } from './heap/instance'

/** Buffers that end together: `using scope = new Scope()`, or Scope.run where that syntax is missing. */
export class Scope implements Disposable {
  #buffers: Buffer[] = []

  /** Runs a function, and frees what it allocated when it returns, throws, or its promise settles. */
  static run<T>(body: (scope: Scope) => T): T {
    const scope = new Scope()
    let pending = false
    try {
      const result = body(scope)
      if (result instanceof Promise) {
        pending = true
        return result.finally(() => scope.free()) as T
      }
      return result
    } finally {
      if (!pending) scope.free()
    }
  }

  alloc(size: number): Buffer {
    return this.add(buffers.alloc(size))
  }

  allocZeroed(size: number): Buffer {
    return this.add(buffers.allocZeroed(size))
  }

  /** Has a Buffer end with this scope. */
  add(buffer: Buffer): Buffer {
    this.#buffers.push(buffer)
    return buffer
  }

  /** Takes a Buffer out of this scope: it outlives it. */
  keep(buffer: Buffer): Buffer {
    const at = this.#buffers.indexOf(buffer)
    if (at >= 0) this.#buffers.splice(at, 1)
    return buffer
  }

  /** Frees what is in the scope and was not freed before. The scope can be used again. */
  free(): void {
    const ending = this.#buffers
    this.#buffers = []
    buffers.freeAll(new Set(ending.reverse().filter(buffers.isLive)))
  }

  [Symbol.dispose](): void {
    this.free()
  }
}
