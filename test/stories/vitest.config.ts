import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/stories/*.story.ts'],
    // Each story has a whole stack to itself; two at once would only take turns on two cores.
    maxWorkers: 1,
    fileParallelism: false,
    // The steps of a story build on each other: after one that fails, the next would only say so again.
    bail: 1,
    sequence: { concurrent: false, shuffle: false },
    testTimeout: 600_000,
    // The first stack is built from its sources.
    hookTimeout: 240_000,
  },
})
