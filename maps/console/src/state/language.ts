import { language } from '../words/texts'
import { patchView } from './view'

/** Show everything in the other language; the address says which, so that a link keeps it. */
export function switchLanguage(): void {
  patchView({ lang: language.value === 'zh' ? 'en' : 'zh' })
}
