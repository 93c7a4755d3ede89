import { parentPort } from 'node:worker_threads'

const HISTORY_BYTES = 80 * 1024

class PriceCache {
  #entries = new Map()

  find(question) {
    const key = JSON.stringify(question) // the mistake: the time is in the key
    let history = this.#entries.get(key)
    if (!history) {
      history = this.load(question.product)
      this.#entries.set(key, history)
    }
    return history
  }

  load(product) {
    return new Float64Array(HISTORY_BYTES / 8).fill(product)
  }
}

const cache = new PriceCache()
parentPort.on('message', (question) => {
  parentPort.postMessage(cache.find(question)[0])
})
