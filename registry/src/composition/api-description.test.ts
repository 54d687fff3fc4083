import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'

type Operation = { responses: Record<string, { content?: Record<string, { schema: object }> }> }

test('the description of the API says what every call about applications, certificates, requests, reviews, members and people answers', async () => {
  await using registry = await TestRegistry.create()
  const answer = await registry.call('GET', '/openapi.json')
  const { paths } = answer.json<{ paths: Record<string, Record<string, Operation>> }>()
  const office =
    /^\/api\/v1\/(applications|certificates|requests|reviews|organisations|directory|network|people)/
  const described = Object.entries(paths)
    .filter(([path]) => office.test(path))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { responses }]) => ({
        call: `${method} ${path}`,
        answers: Object.entries(responses)
          .filter(([status, { content }]) => status === '204' || content?.['application/json'] !== undefined)
          .map(([status]) => status),
      })),
    )
  expect(described.filter(({ answers }) => answers.length === 0)).toEqual([])
  const answersOf = (call: string) => described.find((one) => one.call === call)?.answers
  expect(answersOf('post /api/v1/applications/{id}/approvals')).toEqual(['200', '202'])
  expect(answersOf('post /api/v1/certificates/{serial}/suspension')).toEqual(['200', '202'])
  expect(answersOf('delete /api/v1/requests/{id}')).toEqual(['204'])
  expect(described.length).toBeGreaterThan(20)
})
