/*
 * Loaded before a program by `superslab run --profile`. The engine's optimising compilers build small functions into
 * their callers, and a stack has the caller alone then. Maglev does so after some hundred calls, and what it makes is
 * replaced by TurboFan's code where it is hot: it is kept from that, at no cost that was measured. TurboFan is not, except
 * with --profile-exact (exact.ts), which costs a lot. NODE_OPTIONS does not take these options.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--no-maglev-inlining')
