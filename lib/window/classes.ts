import { addon } from '../addon'
import { Step } from './layout'

/** The core's size classes of a window; read once a window was joined. */
export class Classes {
  /** Bytes that a block of each class holds. */
  readonly strides: readonly number[] = addon.windowStrides()
  /**
   * Requests of more bytes are taken from the core one by one; such a block holds a multiple of this.
   */
  readonly largestBytes: number = this.strides.at(-1) as number
  /** The class of a request by its number of steps, rounded up. */
  readonly ofSteps: Uint8Array

  constructor() {
    this.ofSteps = new Uint8Array((this.largestBytes >>> Step.shift) + 1)
    for (let steps = 0, bin = 0; steps < this.ofSteps.length; steps++) {
      while ((this.strides[bin] as number) < steps << Step.shift) bin++
      this.ofSteps[steps] = bin
    }
  }

  /** Bytes that a block for a request of `length` bytes holds; undefined for a length that cannot be requested. */
  usableBytes(length: number): number | undefined {
    if (!Number.isSafeInteger(length) || length < 0) return undefined
    return length <= this.largestBytes
      ? this.strides[this.ofSteps[stepsOf(length)] as number]
      : Math.ceil(length / this.largestBytes) * this.largestBytes
  }
}

function stepsOf(length: number): number {
  return (length + Step.mask) >>> Step.shift
}
