import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'

/** A secret is asked for at most once in a while, by somebody who waits: two tries of two seconds leave him time to go on. */
const maxAttempts = 2
const connectTimeoutMs = 1_000
const requestTimeoutMs = 2_000

/**
 * Reads one secret's current text. A module of its own, so that whoever imports it lazily loads the client lazily, and a
 * bundle holds no more of it than this one call. Undefined for a secret of bytes.
 * @throws the SDK's errors
 */
export async function readSecret(secretId: string, endpoint: string | undefined): Promise<string | undefined> {
  const client = new SecretsManagerClient({
    maxAttempts,
    ...(endpoint !== undefined && { endpoint }),
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  })
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }))
    return SecretString
  } finally {
    // One call in five minutes keeps no connection.
    client.destroy()
  }
}
