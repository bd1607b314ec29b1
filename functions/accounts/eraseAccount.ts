import { eraseAccount } from '#operations/accountData'
import { erase } from '#runtime/erasure'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'

export const run: Run<typeof eraseAccount> = async (input, deps) => {
  const { erasedAt } = await erase(deps, input)
  return { status: 'erased', erasedAt: new Date(erasedAt).toISOString() }
}

export const handler = httpHandler(eraseAccount, run, live())
