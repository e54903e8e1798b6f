import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** The moment it is (ms since 1970), told anew every so many seconds while the calling component is mounted. */
export function useNow(every_s: number): Ref<number> {
  const now = ref(Date.now())
  let timer = 0
  onMounted(() => (timer = window.setInterval(() => (now.value = Date.now()), every_s * 1000)))
  onBeforeUnmount(() => clearInterval(timer))
  return now
}
