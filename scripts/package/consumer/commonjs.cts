/* TypeScript that is compiled to `require()`. */
import { type DialogueStore, openStore } from 'dialogue-store'

export const open = (uri: string): Promise<DialogueStore> => openStore({ uri })
