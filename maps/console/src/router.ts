import { createRouter, createWebHashHistory } from 'vue-router'

/** The pages. The path lies behind the hash, so that any static server can deliver the console. */
export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', name: 'coverage', component: () => import('./coverage/CoveragePage.vue') },
    { path: '/cases', name: 'cases', component: () => import('./cases/CasesPage.vue') },
    { path: '/areas', name: 'areas', component: () => import('./areas/AreasPage.vue') },
    { path: '/:unknown(.*)', redirect: '/' },
  ],
})
