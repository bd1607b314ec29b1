import { UserPool as CognitoPool, Mfa } from 'aws-cdk-lib/aws-cognito'
import { CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import type { DeploymentConfig } from '../config.ts'
import type { Names } from '../names.ts'

/** Logins for a product that has no identity provider of its own. */
export class UserPool extends Construct {
  readonly issuer: string
  readonly audience: string[]

  constructor(scope: Construct, id: string, { config, names }: { config: DeploymentConfig; names: Names }) {
    super(scope, id)
    const live = config.mode === 'live'
    const pool = new CognitoPool(this, 'Pool', {
      userPoolName: names.prefix,
      selfSignUpEnabled: true,
      signInAliases: { email: true },
      autoVerify: { email: true },
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      deletionProtection: live,
      removalPolicy: live ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    Validations.of(pool).acknowledge(
      {
        id: 'AwsSolutions-COG2',
        reason:
          'A second factor is offered to everyone and demanded of nobody; customers of a small product would be shut out.',
      },
      {
        id: 'AwsSolutions-COG8',
        reason: 'The Plus plan costs for each active user; a product that wants it brings its own pool by issuer.',
      },
    )
    const client = pool.addClient('Client', {
      authFlows: { userSrp: true },
      accessTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
      preventUserExistenceErrors: true,
    })
    this.issuer = `https://cognito-idp.${Stack.of(this).region}.${Stack.of(this).urlSuffix}/${pool.userPoolId}`
    this.audience = [client.userPoolClientId]
    new CfnOutput(Stack.of(this), 'UserPoolId', { value: pool.userPoolId })
    new CfnOutput(Stack.of(this), 'UserPoolClientId', { value: client.userPoolClientId })
  }
}
