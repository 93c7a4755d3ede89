/*
 * Loaded before a program by `superslab run --profile`. The engine's optimising compilers build small functions into
 * their callers, and a stack then has the caller alone. NODE_OPTIONS does not take these options.
 */
import { setFlagsFromString } from 'node:v8'

for (const flag of ['--no-turbo-inlining', '--no-maglev-inlining']) setFlagsFromString(flag)
