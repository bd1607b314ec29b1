/**
 * Stands in for `@aws-sdk/credential-provider-node` in every bundle. Lambda hands a function its role's credentials in
 * the environment, so the SDK's chain (instance metadata, SSO, profiles, web identity: 130 KB) would never get past its
 * first link. Only for Lambda as we use it: SnapStart and containers hand out credentials elsewhere.
 */
export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) throw new Error('The environment holds no AWS credentials')
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  }
}
