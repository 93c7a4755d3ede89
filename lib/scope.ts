import { argumentType, several } from './errors'
import { buffers } from './window/instance'

/** Buffers that end together: `using scope = new Scope()`, or Scope.run where that syntax is missing. */
export class Scope implements Disposable {
  /** Undefined where a call that was to fill the place threw. */
  #buffers: (Uint8Array | undefined)[] = []

  /**
   * Runs a function, and frees what it allocated when it returns, throws, or what it returned settles, if that has a
   * `then`. Where both the function and the freeing fail, an AggregateError is thrown: the function's own error is its
   * `cause` and the first of its `errors`.
   */
  static run<T>(body: (scope: Scope) => T): T {
    if (typeof body !== 'function') throw argumentType('body', 'a function')
    const scope = new Scope()
    let result: T
    let then: unknown
    try {
      result = body(scope)
      // As `await` does: a promise of another realm, or of a library, is one by its `then` alone.
      if (isObject(result)) then = (result as { then?: unknown }).then
    } catch (error) {
      throw scope.#failed(error)
    }
    if (typeof then !== 'function') {
      scope.free()
      return result
    }
    const settled = new Promise<unknown>((resolve, reject) => then.call(result, resolve, reject))
    return settled.then(
      (value) => {
        scope.free()
        return value
      },
      (error) => {
        throw scope.#failed(error)
      },
    ) as T
  }

  alloc(size: number): Buffer {
    const held = this.#buffers
    const place = held.push(undefined) - 1
    // Nothing is called once the Buffer is there: at the end of the stack that would throw, and nobody would have it.
    try {
      const buffer = buffers.alloc(size)
      held[place] = buffer
      return buffer
    } catch (error) {
      held.length = place
      throw error
    }
  }

  allocZeroed(size: number): Buffer {
    const held = this.#buffers
    const place = held.push(undefined) - 1
    try {
      const buffer = buffers.allocZeroed(size)
      held[place] = buffer
      return buffer
    } catch (error) {
      held.length = place
      throw error
    }
  }

  /** Has a live Buffer end with this scope, or a view that another thread sent. */
  add<T extends Uint8Array>(buffer: T): T {
    buffers.usableSize(buffer) // throws for what could not be freed
    this.#buffers.push(buffer)
    return buffer
  }

  /** Takes a Buffer out of this scope: it outlives it. */
  keep<T extends Uint8Array>(buffer: T): T {
    const at = this.#buffers.indexOf(buffer)
    if (at >= 0) this.#buffers.splice(at, 1)
    return buffer
  }

  /**
   * Frees what is in the scope and was not freed before, all of it, and then throws what was thrown: one error as it
   * is, several as an AggregateError. The scope can be used again.
   */
  free(): void {
    const ending = new Set(this.#buffers.toReversed().filter(isThere).filter(buffers.mayBeLive))
    try {
      buffers.freeAll(ending)
      this.#buffers = []
    } catch (error) {
      if ((error as { code?: unknown }).code) this.#buffers = []
      throw error // without a code, at the end of the stack: what is live stays in the scope
    }
  }

  [Symbol.dispose](): void {
    this.free()
  }

  /** What is to be thrown for the body's error, once the scope has ended. */
  #failed(error: unknown): unknown {
    try {
      this.free()
      return error
    } catch (freeing) {
      return several('The body of a scope failed, and what it held was not all freed', [
        error,
        freeing,
      ])
    }
  }
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function isThere(buffer: Uint8Array | undefined): buffer is Uint8Array {
  return buffer !== undefined
}
