import { eraseAccount } from '#operations/accountData'
import { erase } from '#runtime/erasure'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { payments } from '#runtime/livePayments'
import { revokeMethods } from '#runtime/revokeMethod'
import type { Run } from '#runtime/run'

export const run: Run<typeof eraseAccount> = async (input, deps) => {
  const { erasedAt } = await erase({ ...deps, revoke: (methods) => revokeMethods(deps, methods) }, input)
  return { status: 'erased', erasedAt: new Date(erasedAt).toISOString() }
}

export const handler = httpHandler(eraseAccount, run, live(payments))
