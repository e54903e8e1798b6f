/** What has not reached the server yet, kept by the browser, photos too; gone when it has. */
const NAME = 'gridmgmt'
const STORE = 'reports'

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1)
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE)
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
}

async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened()
  try {
    const transaction = database.transaction(STORE, mode)
    const asked = act(transaction.objectStore(STORE))
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(asked.result)
      transaction.onerror = transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    database.close()
  }
}

export async function keep(key: string, value: unknown): Promise<void> {
  await within('readwrite', (store) => store.put(value, key))
}

export async function forget(key: string): Promise<void> {
  await within('readwrite', (store) => store.delete(key))
}

export function kept<T>(key: string): Promise<T | undefined> {
  return within<T | undefined>('readonly', (store) => store.get(key))
}

/** All that is kept under keys of one beginning. */
export function allKept<T>(beginning: string): Promise<T[]> {
  return within<T[]>('readonly', (store) => store.getAll(IDBKeyRange.bound(beginning, `${beginning}\uffff`)))
}
