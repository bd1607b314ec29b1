/** As long as the subject of a common identity provider: names and keys weigh in every item. */
export const accountIdOf = (number: number): string => `6f1c2a4e-90b7-4d35-8a11-${String(number).padStart(12, '0')}`
export const keyOf = (number: number): string => `0b8e7c51-4f2d-4e66-9d3a-${String(number).padStart(12, '0')}`
