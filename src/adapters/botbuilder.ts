export { type BotStorageOptions, botStorage } from './bot-storage.ts'
export { type BotTranscripts, type BotTranscriptsOptions, botTranscripts } from './bot-transcripts.ts'
