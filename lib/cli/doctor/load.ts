import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child'
import { failure } from './failure'

const patienceMs = 30_000

/** Waits until a process accepts connections on the port. */
export async function answering(port: number, isOver: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await accepts(port))) {
    if (isOver()) return
    if (performance.now() > deadline)
      throw failure(`nothing answered on port ${port} within ${patienceMs / 1000} seconds`)
    await sleep(50)
  }
}

/** Throws unless the port is free, so that an answer later comes from the command. */
export async function unanswered(port: number): Promise<void> {
  if (await accepts(port)) throw failure(`port ${port} is taken: end what listens there first`)
}

/**
 * Runs a shell command to its end or until `enough`. Returns the resources that the children of this process had used
 * when it had been waited for.
 */
export async function runLoad(
  load: string,
  verbose: boolean,
  enough: Promise<unknown>,
): Promise<number> {
  const child = await Child.start(['/bin/sh', '-c', load], process.env, verbose)
  await Promise.race([child.ended, enough])
  const endedItself = child.exit
  if (!endedItself) await child.stop('SIGTERM')
  await child.close()
  if (endedItself && endedItself.code !== 0) {
    const how = endedItself.signal ?? `exit code ${endedItself.code}`
    throw failure(`the load failed (${how}): ${child.errorOutput.trim()}`)
  }
  return child.ticksAtEnd
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      // Where no process listens, the system may choose the same port for this end, which then connects to itself.
      resolve(socket.localPort !== port)
      // Closes as a client does: a server may take a reset for an error.
      socket.unref().resume().end()
    })
    socket.on('error', () => resolve(false))
  })
}
