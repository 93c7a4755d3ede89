#!/usr/bin/env node
import { Command } from 'commander'
import { version } from '../version'
import { benchCommand } from './bench/command'
import { includeCommand } from './include'

const program = new Command('superslab')
  .description('A memory allocator for Node and for C')
  .version(version)
  .addCommand(benchCommand())
  .addCommand(includeCommand())

program.parseAsync().catch((error: unknown) => {
  console.error(`superslab: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
