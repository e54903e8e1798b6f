import { ref } from 'vue'

export type Language = 'zh' | 'en'
type Fields = Record<string, string | number | boolean>

const files = import.meta.glob<Record<string, Record<Language, string>>>('../../../../gridmgmt/texts/*.json', {
  eager: true,
  import: 'default',
})
const catalogue = Object.assign({}, ...Object.values(files)) as Record<string, Record<Language, string>>

const STORED = 'gridmgmt.language'

/** The language everything is shown in; Chinese unless the reader chose otherwise. */
export const language = ref<Language>(localStorage.getItem(STORED) === 'en' ? 'en' : 'zh')

export function setLanguage(chosen: Language): void {
  language.value = chosen
  localStorage.setItem(STORED, chosen)
  document.documentElement.lang = chosen === 'zh' ? 'zh-CN' : 'en'
}

/** Return the catalogue's text of a key with its `{fields}` filled in; format specifications are ignored. */
export function t(key: string, fields: Fields = {}): string {
  const entry = catalogue[key]
  if (!entry) return key
  return entry[language.value].replace(/\{(\w+)(?::[^}]*)?\}/g, (whole, name: string) => String(fields[name] ?? whole))
}

/** Return the name of a value of an enumeration, such as `named('level', 'town')`; the value itself when it has none. */
export function named(group: string, value: string | null | undefined): string {
  if (!value) return '—'
  const key = `${group}.${value}`
  return key in catalogue ? t(key) : value
}
