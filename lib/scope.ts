import { argumentType, several } from './errors'
import { buffers } from './window/instance'

/** Frees its Buffers together: `using scope = new Scope()`, or Scope.run where that syntax is missing. */
export class Scope implements Disposable {
  /** A place is undefined if the allocation for it threw. */
  #buffers: (Uint8Array | undefined)[] = []

  /**
   * Runs a function and frees the scope when it returns or throws; if it returns an object with a `then`, when that
   * settles. If both the function and the freeing fail, an AggregateError is thrown: the function's error is its `cause`
   * and the first of its `errors`.
   */
  static run<T>(body: (scope: Scope) => T): T {
    if (typeof body !== 'function') throw argumentType('body', 'a function')
    const scope = new Scope()
    let result: T
    let then: unknown
    try {
      result = body(scope)
      // As `await` does: a promise of another realm or of a library is recognised by its `then`.
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
    // Nothing is called once the Buffer is there: at the end of the stack the call would throw, and the Buffer be lost.
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

  /** Adds a live Buffer, or a view that another thread sent. */
  add<T extends Uint8Array>(buffer: T): T {
    buffers.usableSize(buffer) // throws for a view that `free` would refuse
    this.#buffers.push(buffer)
    return buffer
  }

  /** Takes a Buffer out of this scope, which then does not free it. */
  keep<T extends Uint8Array>(buffer: T): T {
    const at = this.#buffers.indexOf(buffer)
    if (at >= 0) this.#buffers.splice(at, 1)
    return buffer
  }

  /**
   * Frees all Buffers of the scope that were not freed before, and then throws what the frees threw: one error as it is,
   * several as an AggregateError. The scope can be used again.
   */
  free(): void {
    const ending = new Set(this.#buffers.toReversed().filter(isThere).filter(buffers.mayBeLive))
    try {
      buffers.freeAll(ending)
      this.#buffers = []
    } catch (error) {
      if ((error as { code?: unknown }).code) this.#buffers = []
      throw error // without a code, it came from the end of the stack: live Buffers stay in the scope
    }
  }

  [Symbol.dispose](): void {
    this.free()
  }

  /** Frees the scope after the body's error; returns the error to throw. */
  #failed(error: unknown): unknown {
    try {
      this.free()
      return error
    } catch (freeing) {
      return several('The body of a scope failed, and not all of its Buffers could be freed', [
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
