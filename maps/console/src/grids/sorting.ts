import { ref, type Ref } from 'vue'

export type Value = string | number | null

export interface Sorting<C extends string> {
  by: Ref<{ column: C; rising: boolean }>
  choose: (column: C) => void
  said: (column: C) => 'ascending' | 'descending' | undefined
  sorted: <T>(rows: readonly T[], value: (row: T, column: C) => Value) => T[]
}

/** Keep by which column a table is sorted; what is unknown comes last. */
export function useSorting<C extends string>(column: C, rising = true): Sorting<C> {
  const by = ref({ column, rising }) as Ref<{ column: C; rising: boolean }>

  function compare(one: Value, other: Value): number {
    if (one === null || other === null) return Number(one === null) - Number(other === null)
    const order = typeof one === 'number' && typeof other === 'number' ? one - other : String(one).localeCompare(String(other), 'zh')
    return by.value.rising ? order : -order
  }

  return {
    by,
    choose: (chosen) => (by.value = { column: chosen, rising: by.value.column === chosen ? !by.value.rising : true }),
    said: (asked) => (by.value.column !== asked ? undefined : by.value.rising ? 'ascending' : 'descending'),
    sorted: (rows, value) => [...rows].sort((one, other) => compare(value(one, by.value.column), value(other, by.value.column))),
  }
}
