import { arenasName, type Condition, superslabName } from './condition'

/** What puts the allocator into a Dockerfile. Undefined for a recording, which does not have the command. */
export function dockerfileLine(
  { name, library, environment }: Condition,
  command: readonly string[] | undefined,
  children = 'node',
): string | undefined {
  if (name === arenasName) return 'ENV MALLOC_ARENA_MAX=2'
  if (name === superslabName) return command && runLine(command, children)
  if (!library) return undefined
  const settings = environment.MALLOC_CONF ? ` MALLOC_CONF=${environment.MALLOC_CONF}` : ''
  return `ENV LD_PRELOAD=${library}${settings}`
}

/** Not by npx, which would stay beside the command and not pass SIGTERM on. */
function runLine(command: readonly string[], children: string): string {
  const option = children === 'node' ? [] : [`--children=${children}`]
  const words = ['node_modules/.bin/superslab', 'run', ...option, '--', ...command]
  return `CMD [${words.map((word) => JSON.stringify(word)).join(', ')}]`
}
