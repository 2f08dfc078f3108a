import { type Style, withoutMarks } from './header.ts'

/** What somebody sent; or nothing of theirs, but what WhatsApp says in its place. */
export type Content =
  | {
      kind: 'message'
      content: string
      isVoice: boolean
      attachment?: string
      omitted?: string
      isEdited: boolean
    }
  | { kind: 'deleted' | 'notice' | 'empty' }

/* WhatsApp writes these in the language of the phone. What is not found here is taken for text, and nothing is lost. */
const OMITTED_MEDIA = new RegExp(
  '^<(?:media omitted|mídia oculta|arquivo de mídia oculto|multimédia omitido|medien ausgeschlossen|' +
    'multimedia omitido|archivo omitido|médias omis|media omess[io]|media weggelaten)>(?:\\n|$)',
  'i',
)
/** Of an iPhone: `image omitted`, `Contract.pdf • 3 pages document omitted`. */
const OMITTED_ONE = new RegExp(
  '^(?:.+ • .+ )?(?:image|imagem|imagen|immagine|bild|afbeelding|video|vídeo|vidéo|video note|audio|áudio|sticker|figurinha|' +
    'gif|document|documento|dokument|contact card|kontaktkarte|cartão do contato|tarjeta de contacto) ' +
    '(?:omitted|omitid[oa]|ocultad[oa]|não revelad[oa]|weggelassen|ausgelassen|omise?|absente|retiré|omess[oa]|' +
    'esclus[oa]|weggelaten)$',
  'i',
)
const ATTACHED =
  'file attached|arquivo anexado|ficheiro anexado|Datei angehängt|archivo adjunto|fichier joint|file allegato|' +
  'bestand bijgevoegd'
/** Of Android, `name (file attached)`: in any language if the name is one of WhatsApp's own, or it says so by a mark. */
const ATTACHMENT = new RegExp(
  '^(?:\\u200e?([A-Z]{2,5}-\\d{8}-WA\\d+\\.\\w{1,5}) \\([^()]+\\)|\\u200e([^\\n]+\\.\\w{1,5}) \\([^()]+\\)|' +
    `([^\\n]+\\.\\w{1,5}) \\((?:${ATTACHED})\\))(?:\\n|$)`,
  'i',
)
/** Of an iPhone, `<attached: name>`, with a mark before it or alone. */
const TAG = '<[^<>:\\n]{2,40}:\\s?([^<>\\n]+\\.\\w{1,5})>'
const TAGGED = new RegExp(`\\u200e${TAG}\\n?|^${TAG}$`)
const DELETED = new RegExp(
  '^(?:this message was deleted|you deleted this message|(?:esta )?mensagem (?:foi )?apagada|você apagou esta mensagem|' +
    'diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|se eliminó este mensaje|eliminaste este mensaje|' +
    'ce message a été supprimé|vous avez supprimé ce message|questo messaggio è stato eliminato|' +
    'hai eliminato questo messaggio|dit bericht is verwijderd|je hebt dit bericht verwijderd)\\.?$',
  'i',
)
const EDITED = new RegExp(
  '^<(?:this message was edited|mensagem editada|diese nachricht wurde bearbeitet|se editó este mensaje|' +
    'ce message a été modifié|(?:questo )?messaggio (?:è stato )?modificato|dit bericht is bewerkt)\\.?>\\s*$',
  'i',
)
/** A voice note, and not a recording that somebody has sent as a file. */
const VOICE = /^PTT-|-AUDIO-.*\.opus$/i
/** A place on a map, which WhatsApp announces in its own words. */
const PLACE = /https?:\/\//

/**
 * What follows a sender. An iPhone has them before what WhatsApp says itself, too, which it tells by a mark; where Android
 * names somebody, they have said it.
 */
export function contentOf(given: string, style: Style): Content {
  const tail = given.lastIndexOf('<')
  const isEdited = tail >= 0 && EDITED.test(given.slice(tail))
  const text = isEdited ? given.slice(0, tail).replace(/\u200e$/, '') : given
  const plain = withoutMarks(text).trim()
  if (plain === '') return { kind: 'empty' }
  if (DELETED.test(plain)) return { kind: 'deleted' }
  const [tag, ...names] = ATTACHMENT.exec(text) ?? TAGGED.exec(text) ?? []
  const attachment = names.find((name) => name !== undefined)
  if (tag && attachment) {
    const content = withoutMarks(text.replace(tag, '')).trim()
    return { kind: 'message', content, isVoice: VOICE.test(attachment), attachment, isEdited }
  }
  const omitted = OMITTED_MEDIA.exec(plain)?.[0] ?? (isOmittedOne(plain) ? plain : undefined)
  if (omitted) {
    const content = plain.slice(omitted.length)
    return { kind: 'message', content, isVoice: false, omitted: omitted.trim(), isEdited }
  }
  const isMarked = text.startsWith('\u200e') && !text.includes('\n')
  if (style === 'brackets' && isMarked && !PLACE.test(text)) return { kind: 'notice' }
  return { kind: 'message', content: text.replace(/^\u200e/, '').trimEnd(), isVoice: false, isEdited }
}

const LONGEST_NOTE = 300
const isOmittedOne = (text: string): boolean => text.length < LONGEST_NOTE && OMITTED_ONE.test(text)
