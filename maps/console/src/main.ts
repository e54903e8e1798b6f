import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import 'maplibre-gl/dist/maplibre-gl.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/parts.css'

import { createApp, watch } from 'vue'

import App from './App.vue'
import { router } from './router'
import { session } from './state/session'
import { nameWindow } from './state/title'
import { viewed } from './state/view'
import { language, setLanguage } from './words/texts'

const asked = viewed('lang')
// At once, so that what is fetched for the same address is asked for in its language.
watch(asked, (lang) => (lang === 'zh' || lang === 'en') && setLanguage(lang), { immediate: true, flush: 'sync' })
setLanguage(language.value)
nameWindow()

// A page that was open while the server got a newer console asks for files that are gone; once, it begins anew.
const RENEWED = 'gridmgmt.renewed'
addEventListener('vite:preloadError', () => {
  if (sessionStorage.getItem(RENEWED) === location.href) return
  sessionStorage.setItem(RENEWED, location.href)
  location.reload()
})

// The map is asked for along with the page that leaves it in sight, not after it.
router.beforeEach(({ meta }) => void (meta.wide || import('./map/MapPane.vue')))

const app = createApp(App).use(router)
// The map reads its camera from the URL, so nothing is drawn before the URL has been read, nor before it is known who reads.
void Promise.all([router.isReady(), session.reload()]).then(() => app.mount('#app'))
