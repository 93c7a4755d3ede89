import path from 'node:path'

/** The folder of the package: dist/ lies in it. */
export const packageRoot = path.join(__dirname, '..')

/** The folder of superslab.h. */
export const includeDirectory = path.join(packageRoot, 'native', 'include')
