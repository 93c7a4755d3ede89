import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Window } from './window'

interface Message {
  turn: number
  originals: SharedArrayBuffer[]
}

/** Number of copies that one message makes. */
const batch = 32

/**
 * SharedArrayBuffers over the memory of a window, each for one Buffer: sent in a message to the same isolate, a
 * SharedArrayBuffer arrives as another object over the same memory.
 */
export class Copies {
  #window: Window
  /** The copies' original; the window has another one when it has grown. */
  #source: SharedArrayBuffer | undefined
  /** `batch` different objects: one message copies an object only once. */
  #originals: SharedArrayBuffer[] = []
  #ready: SharedArrayBuffer[] = []
  /**
   * Made once, with the watch: a channel that is made at the end of the stack is not complete, and Node ends the process
   * when it closes. Ports on which nothing listens do not keep the process running.
   */
  #from: MessagePort
  #to: MessagePort
  #turn = 0

  constructor(window: Window) {
    this.#window = window
    const { port1, port2 } = new MessageChannel()
    this.#from = port1
    this.#to = port2
  }

  take(): SharedArrayBuffer {
    if (this.#source !== this.#window.buffer) this.#begin(this.#window.buffer)
    if (this.#ready.length === 0) this.#ready = this.#copy(this.#originals)
    return this.#ready.pop() as SharedArrayBuffer
  }

  #begin(source: SharedArrayBuffer): void {
    this.#originals = [source]
    this.#ready = []
    while (this.#originals.length < batch)
      this.#originals = this.#originals.concat(this.#copy(this.#originals))
    this.#source = source
  }

  #copy(originals: SharedArrayBuffer[]): SharedArrayBuffer[] {
    const turn = ++this.#turn
    this.#from.postMessage({ turn, originals } satisfies Message)
    let message = this.#receive()
    while (message.turn !== turn) message = this.#receive() // left by a call that threw before it had received it
    for (const copy of message.originals) this.#window.adopt(copy)
    return message.originals
  }

  #receive(): Message {
    return receiveMessageOnPort(this.#to)?.message as Message
  }
}
