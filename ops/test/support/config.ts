// Reads a configuration as a process with a given environment would, and tells which variables it asked for.

/** `names` as asked for, whatever came of it; `values` undefined: the configuration was refused. */
export function readWith<T>(env: Record<string, string>, read: () => T): { names: string[]; values: T | undefined } {
  const names = new Set<string>()
  const own = process.env
  process.env = new Proxy(env, {
    get(variables, name) {
      if (typeof name === 'string') names.add(name)
      return Reflect.get(variables, name)
    },
  })
  try {
    return { values: read(), names: [...names] }
  } catch {
    return { values: undefined, names: [...names] }
  } finally {
    process.env = own
  }
}
