import { createRouter, createWebHistory } from 'vue-router'

/** The pages; the server delivers the one document for every address that is not a file of its own. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'coverage', component: () => import('./coverage/CoveragePage.vue') },
    { path: '/placeability', name: 'placeability', component: () => import('./planning/PlaceabilityPage.vue') },
    { path: '/siting', name: 'siting', meta: { roomy: true }, component: () => import('./siting/SitingPage.vue') },
    { path: '/siting/plans', name: 'siting_plans', meta: { page: 'siting', roomy: true }, component: () => import('./siting/PlansPage.vue') },
    { path: '/cases', name: 'cases', meta: { roomyPart: 'board' }, component: () => import('./cases/CasesPage.vue') },
    { path: '/indicators', name: 'indicators', meta: { roomy: true }, component: () => import('./indicators/IndicatorsPage.vue') },
    { path: '/areas', name: 'areas', component: () => import('./areas/AreasPage.vue') },
    { path: '/areas/editions', name: 'editions', meta: { page: 'areas', roomy: true }, component: () => import('./areas/EditionsPage.vue') },
    { path: '/areas/:code', name: 'area_profile', meta: { page: 'areas', wide: true }, component: () => import('./areas/profile/ProfilePage.vue') },
    { path: '/governance', name: 'governance', meta: { roomy: true }, component: () => import('./governance/GovernancePage.vue') },
    { path: '/systems', name: 'systems', meta: { roomy: true }, component: () => import('./systems/SystemsPage.vue') },
    { path: '/grids', name: 'cells', meta: { page: 'grids', roomy: true }, component: () => import('./grids/GridsPage.vue') },
    { path: '/grids/responsibility', name: 'responsibility', meta: { page: 'grids', roomy: true }, component: () => import('./grids/GridsPage.vue') },
    { path: '/grids/merging', name: 'merging', meta: { page: 'grids', roomy: true }, component: () => import('./grids/GridsPage.vue') },
    { path: '/catalogue', name: 'catalogue', meta: { wide: true }, component: () => import('./catalogue/CataloguePage.vue') },
    { path: '/imports', name: 'imports', meta: { wide: true }, component: () => import('./imports/ImportsPage.vue') },
    { path: '/administration', name: 'administration', meta: { wide: true }, component: () => import('./access/AdministrationPage.vue') },
    { path: '/setup', name: 'setup', component: () => import('./access/SetupPage.vue') },
    { path: '/:unknown(.*)', name: 'nowhere', meta: { wide: true }, component: () => import('./parts/NowherePage.vue') },
  ],
})
