/** Work that ends when it is told to. */
export function makeWork() {
  let finish = () => {}
  let begun = () => {}
  const started = new Promise<void>((resolve) => {
    begun = resolve
  })
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const work = async () => {
    begun()
    await finished
  }
  return { work, started, finish }
}
