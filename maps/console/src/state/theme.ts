import { ref, watchEffect } from 'vue'

const STORED = 'gridmgmt.theme'
const stored = localStorage.getItem(STORED)

/** Dark or light: the reader's choice, else what the machine prefers. */
export const dark = ref(stored ? stored === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches)

export function toggleTheme(): void {
  dark.value = !dark.value
  localStorage.setItem(STORED, dark.value ? 'dark' : 'light')
}

watchEffect(() => document.documentElement.classList.toggle('dark', dark.value))
