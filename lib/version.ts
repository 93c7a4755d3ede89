/** The package's; a test compares it with package.json and with the addon's. */
export const version = '0.1.0'
