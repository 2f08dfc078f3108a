import { randomUUID } from 'node:crypto'
import type { ModelRequest } from '@openai/agents-core'
import { assistantMessage, functionCall, modelResponder, ScriptedModel } from '@openai/agents-core/testing'
import { timeIn } from '../common/when.ts'

/**
 * Stands in for a language model, so that the example runs without a key: it follows the rules below. In its place goes
 * a model's name and `@openai/agents`, or whatever else the SDK takes.
 */
export function createScriptedModel(timezone: string): ScriptedModel {
  const model = new ScriptedModel()
  const step = modelResponder(({ request }) => {
    /* A step of a script is used up by a call; this one is there for the next as well. */
    model.enqueue(step)
    return [answerTo(request, timezone)]
  })
  model.enqueue(step)
  return model
}

const FACT = /\b(my [\w-]+ is|I am|I'm|I like|I have|I live) .+/i
const call = (name: string, input: object) =>
  functionCall(name, { ...input }, { callId: `call_${randomUUID()}` })

function answerTo({ input, systemInstructions = '' }: ModelRequest, timezone: string) {
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input
  const last = items.at(-1)
  /* What a tool has done is what there is to say. */
  if (last && 'output' in last) return assistantMessage(textOf(last.output))
  const said = items.filter((item) => 'role' in item && item.role === 'user')
  const text = textOf(said.at(-1))
  const [, wish] = /^book (.+)/i.exec(text) ?? []
  const time = wish && timeIn(wish, timezone)
  if (time) return call('book', { summary: time.rest || 'Appointment', start: time.at.toISOString() })
  const [fact] = FACT.exec(text) ?? []
  if (fact && !text.endsWith('?')) return call('remember', { fact })
  const known = systemInstructions.split('\n').slice(1).join(' ')
  return assistantMessage(`This is message ${said.length} of our conversation. ${known}`)
}

/** The text of an item, or of a part of one. */
function textOf(part: unknown): string {
  if (typeof part === 'string') return part
  if (Array.isArray(part)) return part.map(textOf).join('')
  if (typeof part !== 'object' || part === null) return ''
  if ('text' in part) return textOf(part.text)
  return 'content' in part ? textOf(part.content) : ''
}
