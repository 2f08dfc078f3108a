import type { Scene } from './scene.ts'

/** A scene whose store gives back the data of a context with the keys the other way round. */
export const tampering = (scene: Scene): Scene => ({
  ...scene,
  store: {
    ...scene.store,
    async retrieveContext(...given) {
      const context = await scene.store.retrieveContext(...given)
      return { ...context, data: Object.fromEntries(Object.entries(context.data).reverse()) }
    },
  },
})
