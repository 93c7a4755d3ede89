/*
 * SUPERSLAB_CHILDREN says which processes the preload library serves, in words with commas between them. `superslab run`
 * adds the word root=PID:START, which names the process that becomes the command (native/preload/policy.c).
 */
const rootWord = 'root='

/** The value with the word for the command. */
export function withRoot(children: string, root: string): string {
  return `${children},${rootWord}${root}`
}

/** The value without it: what a person has asked for. */
export function withoutRoot(children: string): string {
  return children
    .split(',')
    .filter((word) => !word.startsWith(rootWord))
    .join(',')
}

/** Whether the value names this process as the command of `superslab run`. */
export function isCommand(children: string | undefined, pid: number): boolean {
  const root = children?.split(',').find((word) => word.startsWith(rootWord))
  return root?.slice(rootWord.length).split(':')[0] === String(pid)
}
