/*
 * Workers inherit the window that is there when they are made. So it is opened when the package is loaded, not when the
 * first Buffer function is read, if this thread can make workers: it has loaded node:worker_threads. Where it has not,
 * that module would take longer to load than all of the package.
 */

/** Not in Node's types, nor in every engine. */
const { moduleLoadList } = process as { moduleLoadList?: readonly string[] }

if (moduleLoadList?.includes('NativeModule worker_threads') !== false) require('./instance')
