/*
 * Loaded before a program by `superslab run --profile --profile-exact`. The engine's optimising compilers build small
 * functions into their callers, and a stack has the caller alone then. NODE_OPTIONS does not take these options.
 */
import { setFlagsFromString } from 'node:v8'

for (const flag of ['--no-turbo-inlining', '--no-maglev-inlining']) setFlagsFromString(flag)
