module.exports = { generateBuildId: () => 'fixed', poweredByHeader: false, compress: false }
