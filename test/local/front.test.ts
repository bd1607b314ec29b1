import { expect, it } from 'vitest'
import { createFront } from '#local/functions/front'

const never = new AbortController().signal
/** A call that runs until it is let go. */
const begun = (front: ReturnType<typeof createFront>) => {
  let end = () => {}
  const call = front.during(
    () =>
      new Promise<void>((resolve) => {
        end = resolve
      }),
  )
  return { call, end }
}
const passed = async (clearing: Promise<void>) => {
  let is = false
  void clearing.then(() => {
    is = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return is
}

it('a queue goes on while there is a processor for each call', async () => {
  const front = createFront(2)
  begun(front)
  begun(front)
  expect(await passed(front.clear(never))).toBe(true)
})

it('makes way for a call more, until one of them has its answer, and after one that throws', async () => {
  const front = createFront(1)
  const [one] = [begun(front), begun(front)]
  const clearing = front.clear(never)
  expect(await passed(clearing)).toBe(false)
  one.end()
  await clearing
  await expect(front.during(() => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer')
  expect(await passed(front.clear(never))).toBe(true)
})

it('waits no longer than a moment, however busy the API is, and not once the stack stops', async () => {
  const front = createFront(0)
  begun(front)
  await front.clear(never)
  expect(await passed(front.clear(AbortSignal.abort()))).toBe(true)
})
