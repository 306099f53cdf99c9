// SPDX-License-Identifier: MIT
// A few words of DynamoDB's protocol, for tests: no signature, as the stand-ins check none.

export async function dynamo(url, operation, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

export async function createTable(url, name, { index = true } = {}) {
  await dynamo(url, 'CreateTable', {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'secret_id', AttributeType: 'S' },
      ...(index
        ? [
            { AttributeName: 'sweep', AttributeType: 'S' },
            { AttributeName: 'sweep_at', AttributeType: 'N' },
          ]
        : []),
    ],
    KeySchema: [{ AttributeName: 'secret_id', KeyType: 'HASH' }],
    ...(index && {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'sweep',
          KeySchema: [
            { AttributeName: 'sweep', KeyType: 'HASH' },
            { AttributeName: 'sweep_at', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  });
  for (;;) {
    const { Table } = await dynamo(url, 'DescribeTable', { TableName: name });
    const indexes = Table.GlobalSecondaryIndexes ?? [];
    if (Table.TableStatus === 'ACTIVE' && indexes.every((i) => i.IndexStatus === 'ACTIVE')) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
