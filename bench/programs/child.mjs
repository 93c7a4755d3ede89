// One process of a program: works, prints its digest, and then idles until its standard input ends.
//
//   node child.mjs WORK FOLDER     the work is works/WORK.mjs; it may write into the folder
const [work = '', folder = ''] = process.argv.slice(2)
const { default: run } = await import(`./works/${work}.mjs`)
const digest = await run(folder)
process.stdout.write(`${JSON.stringify({ digest })}\n`)
process.stdin.on('end', () => process.exit(0)).resume()
