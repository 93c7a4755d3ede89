import { isUint8Array } from 'node:util/types'
import { describeValue } from '../errors'

/** A view, or what was passed as one, in an error's message. */
export function describeView(view: unknown): string {
  return isUint8Array(view) ? `A view of ${view.byteLength} bytes` : describeValue(view)
}
