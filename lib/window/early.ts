/*
 * A worker inherits the window of the thread that makes it. So a thread that has loaded node:worker_threads, and can make
 * workers, opens its window when it loads the package. Other threads open it when the first Buffer function is read:
 * loading node:worker_threads takes longer than loading the whole package.
 */

/** Missing in Node's types and in some engines. */
const { moduleLoadList } = process as { moduleLoadList?: readonly string[] }

if (moduleLoadList?.includes('NativeModule worker_threads') !== false) require('./instance')
