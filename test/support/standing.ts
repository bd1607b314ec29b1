import { run } from '#functions/admin/suspendUser'
import { run as liftRun } from '#functions/admin/unsuspendUser'
import { suspendUser, unsuspendUser } from '#operations/admin'
import { invoke, type TestDeps } from './deps.ts'

const asked = (userId: string) => ({ params: { userId }, body: { reason: 'test' } })

/** Staff suspend an account. */
export async function suspend(deps: TestDeps, accountId: string): Promise<void> {
  const { status } = await invoke(suspendUser, run, deps, asked(accountId))
  if (status !== 200) throw new Error(`suspending ${accountId} was answered ${status}`)
}

/** Staff lift a suspension. */
export async function unsuspend(deps: TestDeps, accountId: string): Promise<void> {
  const { status } = await invoke(unsuspendUser, liftRun, deps, asked(accountId))
  if (status !== 200) throw new Error(`lifting the suspension of ${accountId} was answered ${status}`)
}
