declare module 'node-gyp-build' {
  const load: {
    /** Loads the addon of the package in that folder. */
    (directory: string): unknown
    /** Where it is. Throws when there is none. */
    resolve(directory: string): string
  }
  export default load
}
