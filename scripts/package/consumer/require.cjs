const { openStore } = require('dialogue-store')
const { play, tellLoaded } = require('./bot.cjs')

play(openStore).then(tellLoaded)
