import { watch } from 'vue'

import { router } from '../router'
import { language, t } from '../words/texts'

/** Pages without a name of their own, and what is there before the address has been read. */
const UNNAMED = ['setup', 'nowhere', '']

/** Keep the window named by the open page and the product, so that tabs and bookmarks can be told apart. */
export function nameWindow(): void {
  watch(
    [language, router.currentRoute],
    () => {
      const { meta, name } = router.currentRoute.value
      const page = String(meta.page ?? name ?? '')
      const words = UNNAMED.includes(page) ? [] : [t(`console.page.${page}`)]
      document.title = [...words, t('console.product')].join(' · ')
    },
    { immediate: true },
  )
}
