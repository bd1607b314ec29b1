/** What pool and worker say to each other over the thread's port. */
export interface WorkerSetup {
  /** Absolute path of the bundle's module. */
  module: string
  exportName: string
  context: {
    functionName: string
    functionVersion: string
    invokedFunctionArn: string
    memoryLimitInMB: string
    logGroupName: string
    logStreamName: string
  }
}

export interface Invocation {
  requestId: string
  /** JSON text: as on AWS, nothing but JSON crosses the border. */
  event: string
  /** Real time, epoch milliseconds, at which the pool ends the worker. */
  deadlineMs: number
}

export type WorkerMessage =
  | { kind: 'ready' }
  | { kind: 'unusable'; error: InvocationError }
  | { kind: 'answer'; result: string | undefined }
  | { kind: 'threw'; error: InvocationError }

/** As the Lambda service reports a failed invocation. */
export interface InvocationError {
  errorType: string
  errorMessage: string
  stack?: string
}
