import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Modules hold no state between tests, so one worker per core keeps them loaded: the suite runs several times faster.
    isolate: false,
    // Both processors: the default leaves one free for a watcher that a run does not have.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
