import { expect, test } from '@jest/globals'
import {
  AutoSaveStateMiddleware,
  ConversationState,
  MessageFactory,
  type Storage,
  TestAdapter,
  type TurnContext,
} from 'botbuilder-core'
import { Dialog, DialogSet, TextPrompt, WaterfallDialog } from 'botbuilder-dialogs'
import { botStorage } from '../../src/adapters/botbuilder.ts'
import { makeProcesses } from './support/processes.ts'

type Turn = (context: TurnContext) => Promise<void>
function makeWaterfall(storage: Storage): Turn {
  const conversationState = new ConversationState(storage)
  const saving = new AutoSaveStateMiddleware(conversationState)
  const dialogs = new DialogSet(conversationState.createProperty('dialogState'))
  dialogs.add(
    new TextPrompt('textPrompt', async ({ recognized, attemptCount, context }) => {
      const isName = (recognized.value ?? '').length > 3
      const short = `Please send a name that is longer than 3 characters. ${attemptCount}`
      await context.sendActivity(
        MessageFactory.text(isName ? `You got it at the ${attemptCount}th try!` : short),
      )
      return isName
    }),
  )
  dialogs.add(
    new WaterfallDialog('waterfallDialog', [
      async (step) => {
        await step.context.sendActivity('step1')
        return Dialog.EndOfTurn
      },
      (step) => step.prompt('textPrompt', { prompt: MessageFactory.text('Please type your name.') }),
      async (step) => {
        await step.context.sendActivity('step3')
        return Dialog.EndOfTurn
      },
    ]),
  )
  return (context) =>
    saving.onTurn(context, async () => {
      const dialog = await dialogs.createContext(context)
      await dialog.continueDialog()
      if (!context.responded) await dialog.beginDialog('waterfallDialog')
    })
}

/* proceedsThroughWaterfall of microsoft/botbuilder-js, libraries/botbuilder-core/tests/storageBaseTests.js. */
test('a dialog goes on, whichever process gets the next message', async () => {
  const stores = await makeProcesses()
  const [one, two] = stores.map((store) => botStorage(store, { namespace: 'bot' })) as [Storage, Storage]
  let turn = 0
  /* Each message meets another process, which knows nothing but what is stored. */
  const adapter = new TestAdapter((context) => (turn++ % 2 ? there : here)(context))
  const [here, there] = [makeWaterfall(one), makeWaterfall(two)]
  await adapter
    .send('hello')
    .assertReply('step1')
    .send('hello')
    .assertReply('Please type your name.')
    .send('hi')
    .assertReply('Please send a name that is longer than 3 characters. 1')
    .send('hi')
    .assertReply('Please send a name that is longer than 3 characters. 2')
    .send('hi')
    .assertReply('Please send a name that is longer than 3 characters. 3')
    .send('Kyle')
    .assertReply('You got it at the 4th try!')
    .assertReply('step3')
    .startTest()
  const { channelId, conversation } = adapter.conversation
  const key = `${channelId}/conversations/${conversation.id}/`
  expect(await two.read([key])).toMatchObject({ [key]: { dialogState: { dialogStack: expect.any(Array) } } })
})
