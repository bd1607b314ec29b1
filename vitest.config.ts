import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Modules hold no state between tests, so one worker per core keeps them loaded: the suite runs several times faster.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
