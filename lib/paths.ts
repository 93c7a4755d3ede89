import path from 'node:path'

/** The folder of the package: dist/ lies in it. */
export const packageRoot = path.dirname(__dirname)

/** The folder of superslab.h. */
export const includeDirectory = `${packageRoot}/native/include`
