// The CommonJS build is the implementation, so that both kinds of program share one instance.
export * from './profile.js'
