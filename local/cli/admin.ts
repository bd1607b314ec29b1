import { roleWrite } from '#table/users'
import { SetupError } from '../setupError.ts'
import { realNow } from '../time.ts'
import { print, runCommand } from './run.ts'
import { openTable } from './stackTable.ts'

const usage = 'npm run admin -- grant <sub>|revoke <sub>   makes a login staff, or an ordinary user again'

/** The first member of staff can only come from outside the API, by somebody who may write the table. */
async function main(): Promise<void> {
  const [verb, subject, ...more] = process.argv.slice(2)
  if ((verb !== 'grant' && verb !== 'revoke') || !subject || more.length > 0) throw new SetupError(usage)
  if (!/^[A-Za-z0-9._:|@-]{1,128}$/.test(subject))
    throw new SetupError(`${subject} is not a JWT subject: 1–128 of [A-Za-z0-9._:|@-].`)
  const { table, where, close } = await openTable(process.env)
  try {
    await table.write([roleWrite(subject, verb === 'grant' ? 'ADMIN' : 'USER', realNow())])
    print(`${subject} is ${verb === 'grant' ? 'staff' : 'an ordinary user'} now, in ${where}.`)
  } finally {
    close()
  }
}

runCommand(main)
