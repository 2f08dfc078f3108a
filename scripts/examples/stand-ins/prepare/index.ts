import type { Defer } from '../../../lib/run.ts'
import { prepareGoogle, prepareMongo } from './servers.ts'
import { prepareTelegram } from './telegram.ts'
import { prepareEvolution } from './whatsapp.ts'

export interface Example {
  /** Of its folder. */
  name: string
  about: string
  /** Provides what the environment has no access to, one after the other. */
  prepare: ((defer: Defer) => Promise<void>)[]
}

export const examples: readonly Example[] = [
  {
    name: 'whatsapp-assistant',
    about: 'a personal assistant on WhatsApp: registration, voice notes, appointments in steps, a memory',
    prepare: [prepareMongo, prepareGoogle, prepareEvolution],
  },
  {
    name: 'telegram-reminders',
    about: 'a bot on Telegram that reminds people of what is to come',
    prepare: [prepareMongo, prepareGoogle, prepareTelegram],
  },
  {
    name: 'agent-with-memory',
    about: 'an agent of the OpenAI Agents SDK, in the terminal, that remembers from run to run',
    prepare: [prepareMongo],
  },
]
