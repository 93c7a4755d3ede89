import { Command } from 'commander'
import { version } from '../version'
import { benchCommand } from './bench/command'
import { checkCommand } from './check'
import { doctorCommand } from './doctor/command'
import { envCommand } from './env'
import { explainCommand } from './explain/command'
import { includeCommand } from './include'
import { pathCommand } from './path'
import { profileCommand } from './profile/command'
import { refused, runCommand } from './run/command'
import { statusCommand } from './status'

const program = new Command('superslab')
  .description('A memory allocator for Node and for C')
  .version(version)
  // Options after a command's name are the command's: `run` passes them on.
  .enablePositionalOptions()
  // An option of `run` that stands before `run` must not look like a failure of the command.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : refused))
  .addCommand(runCommand())
  .addCommand(benchCommand())
  .addCommand(profileCommand())
  .addCommand(doctorCommand())
  .addCommand(pathCommand())
  .addCommand(envCommand())
  .addCommand(includeCommand())
  .addCommand(statusCommand())
  .addCommand(checkCommand())
  .addCommand(explainCommand())

program.parseAsync().catch((error: unknown) => {
  console.error(`superslab: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
