import { get, onSignedOut, post, remove } from '../api/client'
import type { DemoSignIn, PasswordSignIn, Permission, SessionOut } from '../api/schema'
import { useLoaded } from './loaded'

/** Who reads, and what they may do. */
export const session = useLoaded(
  () => true,
  (_, signal) => get<SessionOut>('/session', {}, signal),
)
onSignedOut(() => void session.reload())

/** Tell whether the reader may do something, everywhere or on an area of theirs; the server asks again. */
export function can(permission: Permission): boolean {
  return session.data?.permissions.includes(permission) ?? false
}

/** Load the page anew, so that nothing stays of what another reader was shown. */
function renew(): void {
  location.reload()
}

export async function signIn(ask: PasswordSignIn | DemoSignIn): Promise<void> {
  await post('/session', ask)
  renew()
}

export async function signOut(): Promise<void> {
  await remove('/session')
  renew()
}
