#!/usr/bin/env node
import { Command } from 'commander'
import { version } from '../version'
import { benchCommand } from './bench/command'
import { doctorCommand } from './doctor/command'
import { includeCommand } from './include'
import { statusCommand } from './status'

const program = new Command('superslab')
  .description('A memory allocator for Node and for C')
  .version(version)
  .addCommand(benchCommand())
  .addCommand(doctorCommand())
  .addCommand(includeCommand())
  .addCommand(statusCommand())

program.parseAsync().catch((error: unknown) => {
  console.error(`superslab: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
