/**
 * How many callers a race has: as many as its promise names when `CROWD=full` (`npm run test:races`, and CI), fewer in
 * `npm test`, where every race is run all the same.
 */
export const isFullCrowd = process.env['CROWD'] === 'full'
export const crowd = (full: number, small: number): number => (isFullCrowd ? full : small)
