export type { Shapes, StoreOptions } from './config.ts'
export type { ContextRead, ContextWrite } from './contexts/contexts.ts'
export type { DialogueContext } from './contexts/schema.ts'
export type {
  DialogueStore,
  LockOptions,
  NewEvent,
  NewMessage,
  NewUser,
  Retention,
  StoreTransaction,
  UserConditions,
  UserDefaults,
} from './contract.ts'
export { DialogueStoreError, ERROR_CODES, type ErrorCode, type InputIssue, type Outcome } from './errors.ts'
export type { EventPage } from './events/retrieve.ts'
export type {
  Attendee,
  CalendarEvent,
  CalendarSync,
  EventFilterInput,
  EventPatchInput,
  EventStatus,
} from './events/schema.ts'
export type { ExportItem } from './export.ts'
export type { Id } from './ids.ts'
export type { JsonObject, JsonValue } from './json.ts'
export type { StoreOutcome } from './messages/bulk.ts'
export type { FollowedMessage, FollowOptions } from './messages/follow/follow.ts'
export type { HistoryPage } from './messages/history.ts'
export type {
  Audio,
  DeletionInput,
  HistoryOptions,
  IterateOptions,
  Message,
  MessageKey,
  MessagePatchInput,
} from './messages/schema.ts'
export type { Stats } from './stats.ts'
export { openStore } from './store.ts'
export type { ErasureReceipt, Identity, User, UserFilterInput, UserPatchInput } from './users/schema.ts'
