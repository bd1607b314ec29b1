/** Something that whoever started the stack can put right. The message is one line and names the fix. */
export class SetupError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SetupError'
  }
}
