import { totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'

/** Bytes of memory that the machine or the container has for this process. */
export function memoryThere(): number {
  const constrained = constrainedMemory?.() ?? 0
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem()
}
