import { openStore } from 'dialogue-store'
import { play, tellLoaded } from './bot.cjs'

await play(openStore)
tellLoaded()
