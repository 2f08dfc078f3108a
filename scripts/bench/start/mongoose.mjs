/* The same for a bot with models of its own: their collections and indexes are there already. */
const { URI, DB } = process.env
const start = performance.now()
const { default: mongoose } = await import('mongoose')
const { Schema } = mongoose
const userId = { type: Schema.Types.ObjectId, required: true }
const models = [
  mongoose.model('User', new Schema({ phone: { type: String, unique: true } }, { timestamps: true })),
  mongoose.model('Message', new Schema({ userId: { ...userId, index: true }, content: String })),
  mongoose.model('Context', new Schema({ userId: { ...userId, unique: true }, data: {} })),
]
await mongoose.connect(URI, { dbName: DB })
await Promise.all(models.map((model) => model.init()))
process.stdout.write(String(performance.now() - start))
await mongoose.disconnect()
