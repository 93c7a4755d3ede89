#!/usr/bin/env node

/** As env(1) and timeout(1): smaller codes are those of the command that `run` becomes. */
const refused = 125

try {
  require('./program')
} catch (error) {
  // The addon could not be loaded: the message says why, a stack would hide it.
  console.error(`superslab: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = refused
}
