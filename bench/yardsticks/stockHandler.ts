import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'

/** The yardstick of cold starts: the SDK's DynamoDB client as it comes, and one read. */
const client = new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '' })

export async function handler(event: { pathParameters: { accountId: string } }) {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName: process.env.TABLE_NAME,
      Key: { pk: { S: `ACCOUNT#${event.pathParameters.accountId}` }, sk: { S: 'ACCOUNT' } },
    }),
  )
  return { statusCode: Item ? 200 : 404, body: '' }
}
